import type { JSX } from 'preact';
import { Show } from '../player/show';
import { overlayOptions, roomFromPath } from '../state/address';
import { LiveRoom } from '../state/live';
import { Session } from '../state/session';
import { mount } from '../ui/shell';
import { StageEffects } from '../ui/stage_effects';
import { Tray } from '../ui/tray';
import './overlay.css';

const { lane, scale } = overlayOptions(location.search);
const live = new LiveRoom(roomFromPath(location.pathname), new Session('overlay'), 'giftwave-overlay');
const show = new Show({ lane, serverNowMs: () => live.client.serverNowMs(), isOwn: () => false });

/** Nothing but gifts on nothing: what lies behind is the stream. */
function Overlay(): JSX.Element {
  const { connection, totals } = live;
  return (
    <main class="overlay" aria-label="Gifts" data-testid="connection" data-state={connection.value.state}>
      {lane !== 'tray' && <StageEffects show={show} />}
      {lane !== 'stage' && <Tray show={show} />}
      <span hidden data-testid="total-coins" data-value={totals.value.coins} />
      <span hidden data-testid="total-gifts" data-value={totals.value.gifts} />
    </main>
  );
}

document.documentElement.classList.add('is-overlay');
document.documentElement.style.setProperty('--overlay-scale', String(scale));
live.client.on('event', ({ event }) => event.type === 'gift' && show.add(event));
mount(<Overlay />);
void live.start();
