import type { JSX } from 'preact';
import { Show } from '../player/show';
import { roomFromPath } from '../state/address';
import { formatCoins, formatWhole } from '../state/format';
import { LiveRoom } from '../state/live';
import { OwnGifts } from '../state/own_gifts';
import { tellUnfinished } from '../state/recovery';
import { Sending } from '../state/sending';
import { Session } from '../state/session';
import { Announcer } from '../ui/announcer';
import { Feed } from '../ui/feed';
import { GiftPanel } from '../ui/gift_panel';
import { CoinIcon } from '../ui/icons';
import { Avatar, Card, ConnectionPill, Notice, SimNote } from '../ui/parts';
import { SettingsMenu } from '../ui/settings_menu';
import { mount, TopBar } from '../ui/shell';
import { Stage } from '../ui/stage';
import { Toasts } from '../ui/toasts';
import { TopFans } from '../ui/top_fans';
import './watch.css';

const session = new Session('watch');
const live = new LiveRoom(roomFromPath(location.pathname), session, 'giftwave-watch');
const own = new OwnGifts(live);
const sending = new Sending(live.client, live.room, (receipt) => own.add(receipt));
const show = new Show({ lane: 'both', serverNowMs: () => live.client.serverNowMs(), isOwn: (event) => own.has(event) });

function Watch(): JSX.Element {
  return (
    <>
      <TopBar isDemo={session.isDemo}>
        <ConnectionPill change={live.connection.value} />
        <Wallet />
        <SettingsMenu />
      </TopBar>
      <main class="watch">
        <div class="watch-main">
          <Notice change={live.connection.value} problem={live.problem.value} />
          <Stage live={live} show={show} isDemo={session.isDemo} />
          <GiftPanel live={live} sending={sending} />
        </div>
        <aside class="watch-side">
          <Card title="Top fans">
            <TopFans fans={live.topFans.value} fansMax={5} me={live.user.value?.id} />
          </Card>
          <Card title="Gifts so far" kind="watch-gifts" aside={<SimNote isShown={live.hasSimulated.value} />}>
            <div class="scrolls watch-feed">
              <Feed items={live.feed.value} />
            </div>
          </Card>
        </aside>
      </main>
      <Announcer live={live} />
      <Toasts />
    </>
  );
}

function Wallet(): JSX.Element {
  const wallet = live.wallet.value;
  const user = live.user.value;
  return (
    <div class="wallet">
      <span class="wallet-coins" title={wallet ? `${formatWhole(wallet.paid)} paid, ${formatWhole(wallet.promo)} promo` : undefined}>
        <CoinIcon />
        <span class="number" data-testid="balance" data-value={wallet?.coins} aria-label={wallet ? `Balance: ${formatCoins(wallet.coins)}` : 'Balance not known yet'}>
          {wallet ? formatWhole(wallet.coins) : '–'}
        </span>
      </span>
      {user && (
        <span class="wallet-user" title={`You are ${user.name}`}>
          <Avatar person={user} size={1.75} />
          <span class="wallet-name">{user.name}</span>
        </span>
      )}
    </div>
  );
}

async function start(): Promise<void> {
  live.client.on('event', ({ event }) => event.type === 'gift' && show.add(event));
  mount(<Watch />);
  await live.start();
  await tellUnfinished(live.client);
}

void start();
