import type { JSX } from 'preact';
import { Show } from '../player/show';
import type { FanStatement } from '../sdk';
import { roomFromPath } from '../state/address';
import { lockWords } from '../state/budget';
import { Buying } from '../state/buying';
import { browserCheckout, checkoutReturn } from '../state/checkout';
import { formatCoins, formatWhole } from '../state/format';
import { Limits } from '../state/limits';
import { LiveRoom } from '../state/live';
import { OwnGifts } from '../state/own_gifts';
import { fanPeriods } from '../state/periods';
import { tellUnfinished } from '../state/recovery';
import { remedyOf } from '../state/refusals';
import { Sending } from '../state/sending';
import { Session } from '../state/session';
import { Statements } from '../state/statements';
import { Announcer } from '../ui/announcer';
import { BuyDialog } from '../ui/buy_dialog';
import { Feed } from '../ui/feed';
import { GiftPanel } from '../ui/gift_panel';
import { HistoryDialog } from '../ui/history_dialog';
import { CoinIcon } from '../ui/icons';
import { LimitsDialog } from '../ui/limits_dialog';
import { Avatar, Card, ConnectionPill, Notice, SimNote } from '../ui/parts';
import { SettingsMenu } from '../ui/settings_menu';
import { mount, TopBar } from '../ui/shell';
import { Stage } from '../ui/stage';
import { Toasts } from '../ui/toasts';
import { TopFans } from '../ui/top_fans';
import './watch.css';

// A tapping thumb records several gifts a second; the list follows at a reader's pace.
const HISTORY_REFRESH_MS = 1_500;

const session = new Session('watch');
const live = new LiveRoom(roomFromPath(location.pathname), session, 'giftwave-watch');
const own = new OwnGifts(live);
const sending: Sending = new Sending(live.client, live.room, (receipt) => own.add(receipt), (code) => remedyOf(code, buying, limits));
const limits = new Limits(live.client, sending.reserved);
const buying = new Buying(live.client, browserCheckout(session));
const fanHistory = new Statements<FanStatement>({
  name: 'giftwave',
  refresh_ms: HISTORY_REFRESH_MS,
  periods: () => fanPeriods(live.client.serverNowMs()),
  load: (period) => live.client.books.statement(period),
  csv: (period) => live.client.books.statementCsv(period),
});
const books = { buying, limits, history: fanHistory };
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
          <GiftPanel live={live} sending={sending} books={books} />
        </div>
        <aside class="watch-side">
          <Card title="Top fans">
            <TopFans fans={live.topFans.value} fansMax={5} me={live.user.value?.id} />
          </Card>
          <Card title="Gifts so far" kind="watch-gifts" aside={<SimNote isShown={live.hasSimulated.value} />}>
            <div class="scrolls watch-feed">
              <Feed items={live.feed.value} own={own} />
            </div>
          </Card>
        </aside>
      </main>
      <Announcer live={live} />
      <Toasts />
      <Dialogs />
    </>
  );
}

function Dialogs(): JSX.Element {
  const view = limits.view.value;
  return (
    <>
      <BuyDialog buying={buying} notice={view && limits.isLocked.value ? lockWords(view) : null} />
      <LimitsDialog limits={limits} />
      <HistoryDialog history={fanHistory} own={own} />
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

function comeBack(): void {
  const back = checkoutReturn(session);
  if (back) void buying.returned(back);
}

async function start(): Promise<void> {
  live.client.on('event', ({ event }) => event.type === 'gift' && show.add(event));
  live.client.on('recorded', () => fanHistory.refresh());
  live.client.on('topup', () => fanHistory.refresh());
  mount(<Watch />);
  comeBack();
  // A page that the browser kept whole while its fan was away at the checkout.
  addEventListener('pageshow', ({ persisted }) => persisted && comeBack());
  await live.start();
  await tellUnfinished(live.client);
}

void start();
