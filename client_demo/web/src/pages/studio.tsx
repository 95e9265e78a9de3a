import type { ComponentChildren, JSX } from 'preact';
import type { CreatorStatement } from '../sdk';
import { roomFromPath } from '../state/address';
import { EarningsBook } from '../state/earnings';
import { formatShort, formatWhole } from '../state/format';
import { LiveRoom } from '../state/live';
import { PayoutRequest } from '../state/payout_request';
import { creatorPeriods } from '../state/periods';
import { Session } from '../state/session';
import { Statements } from '../state/statements';
import { Studio } from '../state/studio';
import { Announcer } from '../ui/announcer';
import { StatementCard } from '../ui/creator_statement';
import { EarningsCard } from '../ui/earnings_card';
import { Feed } from '../ui/feed';
import { CoinIcon, FansIcon, GemIcon, GiftIcon } from '../ui/icons';
import { Card, ConnectionPill, Notice, Segmented, SimNote } from '../ui/parts';
import { PayoutDialog } from '../ui/payout_dialog';
import { PayoutsCard } from '../ui/payouts_card';
import { RateChart } from '../ui/rate_chart';
import { CloseRoom, OpenRoom, OverlayLink } from '../ui/room_controls';
import { mount, TopBar } from '../ui/shell';
import { LiveMark } from '../ui/stage';
import { Toasts } from '../ui/toasts';
import { TopFans } from '../ui/top_fans';
import './studio.css';

const STATEMENT_MONTHS = 24;
// Of a busy room it is thousands of lines, which nobody reads twice a second.
const STATEMENT_REFRESH_MS = 15_000;

const session = new Session('studio');
const live = new LiveRoom(roomFromPath(location.pathname), session, 'giftwave-studio');
const studio = new Studio(live, session);
const earnings = new EarningsBook(live.client);
const request = new PayoutRequest(live.client, earnings);
const statements = new Statements<CreatorStatement>({
  name: 'giftwave-earnings',
  refresh_ms: STATEMENT_REFRESH_MS,
  periods: () => creatorPeriods(live.client.serverNowMs(), STATEMENT_MONTHS),
  load: (period) => live.client.books.creatorStatement(period),
  csv: (period) => live.client.books.creatorStatementCsv(period),
});

const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'big', label: 'Big' },
  { value: 'messages', label: 'Messages' },
] as const;

function StudioPage(): JSX.Element {
  const state = live.state.value;
  return (
    <>
      <TopBar isDemo={session.isDemo} page="Creator dashboard">
        <ConnectionPill change={live.connection.value} />
      </TopBar>
      <main class="studio">
        <header class="studio-head">
          <div class="studio-title">
            <h1>{live.title.value || live.room}</h1>
            <LiveMark state={state} />
          </div>
          <SimNote isShown={live.hasSimulated.value} />
          {state === 'open' && <CloseRoom studio={studio} />}
        </header>
        <Notice change={live.connection.value} problem={live.problem.value} />
        {(studio.isMissing.value || state === 'closed') && <OpenRoom studio={studio} />}
        <Totals />
        <Board />
        <div class="books">
          <EarningsCard book={earnings} request={request} />
          <PayoutsCard book={earnings} />
          <StatementCard statements={statements} />
        </div>
      </main>
      <Announcer live={live} />
      <Toasts />
      <PayoutDialog request={request} />
    </>
  );
}

function Board(): JSX.Element {
  return (
    <div class="board">
      <Card title="Gifts per minute" kind="board-rate" aside={<span class="card-hint">last 30 minutes</span>}>
        <RateChart studio={studio} />
      </Card>
      <Card title="Top fans">
        <TopFans fans={live.topFans.value} fansMax={6} />
      </Card>
      <Card title="Overlay">
        <OverlayLink room={live.room} />
      </Card>
      <Card
        title="Live feed"
        kind="board-feed"
        aside={<Segmented label="Show" choices={FILTERS} value={studio.filter.value} onChange={(value) => (studio.filter.value = value)} />}
      >
        <div class="scrolls studio-feed">
          <Feed items={studio.shownFeed.value} withTime />
        </div>
      </Card>
    </div>
  );
}

function Totals(): JSX.Element {
  const { coins, gifts, fans } = live.totals.value;
  const earnings = live.earnings.value;
  return (
    <dl class="totals">
      <Total label="Diamonds" icon={<GemIcon />} isMain>
        <span data-testid="earnings" data-value={earnings?.diamonds} data-units={earnings?.units} title={earnings ? `${formatWhole(earnings.units)} units; 10,000 units are one diamond` : undefined}>
          {earnings ? formatWhole(earnings.diamonds) : '–'}
        </span>
      </Total>
      <Total label="Coins" icon={<CoinIcon />}>
        <span data-testid="total-coins" data-value={coins}>
          {formatWhole(coins)}
        </span>
      </Total>
      <Total label="Gifts" icon={<GiftIcon />}>
        <span data-testid="total-gifts" data-value={gifts}>
          {formatWhole(gifts)}
        </span>
      </Total>
      <Total label="Fans" icon={<FansIcon />}>
        <span data-testid="total-fans" data-value={fans}>
          {formatShort(fans)}
        </span>
      </Total>
    </dl>
  );
}

function Total({ label, icon, isMain = false, children }: { label: string; icon: JSX.Element; isMain?: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <div class={isMain ? 'card total is-main' : 'card total'}>
      <dt>
        {icon} {label}
      </dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

live.client.on('welcome', () => statements.show());
live.client.on('recorded', () => statements.refresh());
live.client.on('payout', () => statements.refresh());
mount(<StudioPage />);
void studio.start();
