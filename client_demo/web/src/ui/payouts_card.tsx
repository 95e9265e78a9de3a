import type { JSX } from 'preact';
import type { Payout } from '../sdk';
import type { EarningsBook } from '../state/earnings';
import { formatStamp } from '../state/format';
import { formatDiamonds, formatMoney } from '../state/money';
import { payoutState } from '../state/payout_words';
import { Card } from './parts';
import './payouts_card.css';

/** Every payout with where it stands, and why. */
export function PayoutsCard({ book }: { book: EarningsBook }): JSX.Element {
  const payouts = book.payouts.value;
  return (
    <Card title="Payouts" kind="payouts">
      <ol class="payout-list scrolls" aria-label="Newest first">
        {payouts.map((payout) => (
          <Line key={payout.payout_id} payout={payout} />
        ))}
        {payouts.length === 0 && <li class="empty">No payout yet. What you cash out is followed here.</li>}
      </ol>
    </Card>
  );
}

function Line({ payout }: { payout: Payout }): JSX.Element {
  const waits = payout.state === 'requested' && payout.needs_approval ? 'waits for a second person’s approval' : null;
  const why = payout.reason ?? waits;
  return (
    <li class="payout-line" data-testid="payout-line" data-state={payout.state} data-payout={payout.payout_id} data-amount={payout.amount_minor}>
      <div>
        <p class="payout-amount number">{formatMoney(payout.amount_minor, payout.currency)}</p>
        <p class="payout-detail">
          {formatDiamonds(payout.units)} diamonds · {formatStamp(payout.created_at_ms)}
        </p>
        {why !== null && <p class="payout-detail">{why}</p>}
      </div>
      <span class="state-chip" data-state={payout.state}>
        {payoutState(payout)}
      </span>
    </li>
  );
}
