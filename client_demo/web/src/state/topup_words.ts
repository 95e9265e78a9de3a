import type { Topup } from '../sdk';
import { formatCoins } from './format';
import { formatMoney } from './money';

/** Waiting for the fan or the provider; everything else is decided. */
export function isOpen({ state }: Topup): boolean {
  return state === 'pending' || state === 'processing';
}

export function isGood({ state }: Topup): boolean {
  return state === 'credited';
}

export function topupWords(topup: Topup): string {
  const coins = formatCoins(topup.coins);
  const price = formatMoney(topup.price_minor, topup.currency);
  switch (topup.state) {
    case 'pending':
      return `Waiting for your payment of ${price}.`;
    case 'processing':
      return `Your payment of ${price} is under way. The coins come when it has arrived, which can take days; you may leave this page.`;
    case 'credited':
      return `${coins} are in your wallet.`;
    case 'failed':
      return `The payment of ${price} failed; nothing was charged and no coins were added.`;
    case 'expired':
      return `The checkout for ${coins} was cancelled or has expired; nothing was charged.`;
    case 'refunded':
      return `Your payment of ${price} was given back, and its coins were taken out of your wallet.`;
    case 'partly_refunded':
      return `A part of your payment of ${price} was given back, and its coins were taken out of your wallet.`;
    case 'disputed':
      return `Your payment of ${price} is disputed; what becomes of its coins is decided with it.`;
    case 'charged_back':
      return `Your payment of ${price} was taken back, and so were its coins. If your balance is below zero, buy coins to send gifts again.`;
    default:
      return `Your purchase of ${coins} is now: ${String(topup.state)}.`;
  }
}
