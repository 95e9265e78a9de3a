import type { JSX } from 'preact';
import type { EarningsView } from '../sdk';
import type { Bucket, BucketId } from '../state/buckets';
import type { EarningsBook } from '../state/earnings';
import { formatMoment, formatStamp, inWords } from '../state/format';
import { formatDiamonds } from '../state/money';
import type { PayoutRequest } from '../state/payout_request';
import { Problem } from './dialog';
import { GemIcon } from './icons';
import { Card } from './parts';
import { StackedBar } from './stacked_bar';
import './earnings_card.css';

const DAYS_MAX = 8;

/** What was earned and where it is: the buckets always add up to the whole. */
export function EarningsCard({ book, request }: { book: EarningsBook; request: PayoutRequest }): JSX.Element {
  const view = book.view.value;
  return (
    <Card
      title="Earnings"
      kind="earnings"
      aside={
        <button type="button" class="button button-primary" data-testid="payout-open" disabled={view === null} onClick={() => request.show()}>
          Cash out
        </button>
      }
    >
      <div class="earnings-body">
        <Problem words={book.problem.value} />
        {view ? <Buckets view={view} buckets={book.buckets.value} /> : book.problem.value === null && <p class="empty">Reading the books…</p>}
      </div>
    </Card>
  );
}

function Buckets({ view, buckets }: { view: EarningsView; buckets: readonly Bucket[] }): JSX.Element {
  const label = buckets.map((bucket) => `${bucket.label} ${formatDiamonds(bucket.units)}`).join(', ');
  return (
    <>
      <p class="earned number" data-testid="earnings-earned" data-units={view.earned_units}>
        <GemIcon /> {formatDiamonds(view.earned_units)} <span>diamonds earned in all</span>
      </p>
      <StackedBar parts={buckets} label={`Diamonds: ${label}`} />
      <table class="buckets">
        <caption class="visually-hidden">Earnings by bucket, in diamonds</caption>
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket.id} class={`part-${bucket.id}`}>
              <th scope="row">
                <span class="part-key" /> {bucket.label}
              </th>
              <td class="number" data-testid={`earnings-${bucket.id}`} data-units={bucket.units}>
                {formatDiamonds(bucket.units)}
              </td>
              <td class="bucket-detail">
                <Detail id={bucket.id} view={view} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="bucket-detail" data-testid="earnings-destination">
        {view.destination === null ? 'Payouts have no destination yet; cashing out asks for one.' : `Payouts go to ${view.destination}.`}
      </p>
    </>
  );
}

function Detail({ id, view }: { id: BucketId; view: EarningsView }): JSX.Element | null {
  if (id === 'pending' && view.pending_by_day.length > 0) return <Pending view={view} />;
  if (id === 'held' && view.holds.length > 0) return <Holds view={view} />;
  if (id === 'available') return <>{view.available_units < 0 ? 'Refunds took back more than was left; new earnings make up for it first.' : 'Ready to cash out'}</>;
  if (id === 'in_transit' && view.in_transit_units !== 0) return <>On the way to you</>;
  return null;
}

function Pending({ view }: { view: EarningsView }): JSX.Element {
  const days = view.pending_by_day.slice(0, DAYS_MAX);
  const more = view.pending_by_day.length - days.length;
  return (
    <ul>
      {days.map(({ settles_at_ms, units }) => (
        <li key={settles_at_ms} data-testid="pending-day">
          <span class="number">{formatDiamonds(units)}</span> settle by {formatStamp(settles_at_ms)}
        </li>
      ))}
      {more > 0 && <li>and {more} more</li>}
    </ul>
  );
}

function Holds({ view }: { view: EarningsView }): JSX.Element {
  return (
    <ul>
      {view.holds.map(({ hold_id, units, reason, release_at_ms }) => (
        <li key={hold_id} data-testid="hold">
          <span class="number">{units === null ? 'Everything' : formatDiamonds(units)}</span> until {formatMoment(release_at_ms)}: {inWords(reason)}
        </li>
      ))}
    </ul>
  );
}
