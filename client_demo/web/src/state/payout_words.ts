import type { Payout, PayoutState } from '../sdk';
import { formatMoney } from './money';

const SHORT: Record<PayoutState, string> = {
  requested: 'Requested',
  approved: 'Approved',
  submitted: 'On its way',
  paid: 'Paid',
  failed: 'Failed',
  returned: 'Returned',
  rejected: 'Rejected',
};

/** Paid, or over without: the money is not on its way any more. */
export function isDecided({ state }: Payout): boolean {
  return state === 'paid' || state === 'failed' || state === 'returned' || state === 'rejected';
}

export function payoutState({ state }: Payout): string {
  return SHORT[state] ?? state;
}

export function payoutWords(payout: Payout): string {
  const amount = formatMoney(payout.amount_minor, payout.currency);
  const because = payout.reason === null ? '' : ` (${payout.reason})`;
  switch (payout.state) {
    case 'requested':
      return payout.needs_approval ? `${amount} is requested and waits for a second person’s approval.` : `${amount} is requested.`;
    case 'approved':
      return `${amount} is approved and goes to the payment provider next.`;
    case 'submitted':
      return `${amount} is on its way to you.`;
    case 'paid':
      return `${amount} was paid to you.`;
    case 'failed':
      return `The payout of ${amount} failed${because}; its diamonds are available again.`;
    case 'returned':
      return `The payout of ${amount} came back${because}; its diamonds are available again.`;
    case 'rejected':
      return `The payout of ${amount} was rejected${because}; its diamonds are available again.`;
    default:
      return `The payout of ${amount} is now: ${String(payout.state)}.`;
  }
}
