import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Show } from '../player/show';
import { formatCoins, formatShort, formatWhole } from '../state/format';
import type { LiveRoom } from '../state/live';
import { isCalm } from '../state/settings';
import { Backdrop } from './backdrop';
import { CoinIcon, FansIcon, GiftIcon } from './icons';
import { Avatar } from './parts';
import { StageEffects } from './stage_effects';
import { Tray } from './tray';
import './stage.css';

export function Stage({ live, show, isDemo }: { live: LiveRoom; show: Show; isDemo: boolean }): JSX.Element {
  return (
    <section class="stage" aria-label="Live stream">
      <Scene />
      <StageEffects show={show} />
      <header class="stage-head">
        <Creator live={live} />
        <Totals live={live} />
      </header>
      <Tray show={show} />
      {isDemo && <span class="stage-note">demo video</span>}
    </section>
  );
}

function Scene(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const calm = isCalm.value;
  useEffect(() => {
    if (!canvas.current) return undefined;
    const backdrop = new Backdrop(canvas.current);
    const redraw = new ResizeObserver(() => backdrop.draw(0));
    if (calm) redraw.observe(canvas.current);
    else backdrop.start();
    return () => {
      redraw.disconnect();
      backdrop.stop();
    };
  }, [calm]);
  return <canvas ref={canvas} class="stage-scene" aria-hidden="true" />;
}

function Creator({ live }: { live: LiveRoom }): JSX.Element {
  const creator = live.creator.value;
  return (
    <div class="creator">
      <Avatar person={creator ?? { id: live.room, name: live.room }} size={2.5} />
      <div class="creator-words">
        <p class="creator-name">{creator?.name ?? live.room}</p>
        <h1 class="creator-title">{live.title.value}</h1>
      </div>
      <LiveMark state={live.state.value} />
    </div>
  );
}

export function LiveMark({ state }: { state: 'open' | 'closed' | null }): JSX.Element | null {
  if (state === null) return null;
  return <span class={state === 'open' ? 'live-mark' : 'live-mark is-ended'}>{state === 'open' ? 'LIVE' : 'ENDED'}</span>;
}

function Totals({ live }: { live: LiveRoom }): JSX.Element {
  const { coins, gifts, fans } = live.totals.value;
  return (
    <ul class="stage-totals" aria-label="This stream so far">
      <li title={formatCoins(coins)}>
        <CoinIcon />
        <span class="number" data-testid="total-coins" data-value={coins} aria-label={formatCoins(coins)}>
          {formatShort(coins)}
        </span>
      </li>
      <li title={`${formatWhole(gifts)} gifts`}>
        <GiftIcon />
        <span class="number" data-testid="total-gifts" data-value={gifts} aria-label={`${gifts} gifts`}>
          {formatShort(gifts)}
        </span>
      </li>
      <li title={`${formatWhole(fans)} fans gave something`}>
        <FansIcon />
        <span class="number" aria-label={`${fans} fans`}>
          {formatShort(fans)}
        </span>
      </li>
    </ul>
  );
}
