import type { Buying } from './buying';
import type { Gift } from './catalogue';
import type { LimitRefusal } from './budget';
import { formatCoins, formatWhole } from './format';
import type { Limits } from './limits';
import type { Toast } from './toasts';

/** Why a gift would be refused, known before the tap. */
export interface Refusal {
  kind: 'ended' | 'limit' | 'coins';
  words: string;
  /** For the button's last line. */
  short: string;
}

interface Standing {
  /** What can still be spent. */
  coins: number;
  isEnded: boolean;
  /** What the fan's own limits say about this gift. */
  limit: LimitRefusal | null;
}

export function refusalBefore(gift: Gift, { coins, isEnded, limit }: Standing): Refusal | null {
  if (isEnded) return { kind: 'ended', words: 'This stream has ended.', short: '' };
  if (limit) return { kind: 'limit', ...limit };
  if (coins < 0) return { kind: 'coins', words: oweWords(coins), short: 'on hold' };
  if (gift.price_coins <= coins) return null;
  const words = `${gift.name} costs ${formatCoins(gift.price_coins)}; you have ${formatWhole(coins)}.`;
  return { kind: 'coins', words, short: `${formatWhole(gift.price_coins - coins)} short` };
}

export function oweWords(coins: number): string {
  return `A payment of yours was taken back, so your balance is ${formatWhole(coins)}. Buy at least ${formatCoins(-coins)} to send gifts again.`;
}

const CURED_BY_COINS = new Set(['insufficient_coins', 'wallet_owes']);
const SET_BY_LIMITS = new Set(['limit_gift', 'limit_day', 'limit_week', 'limit_month', 'self_excluded']);

/** What a fan can do about a refusal of the server. */
export function remedyOf(code: string, buying: Buying, limits: Limits): Toast['action'] {
  if (CURED_BY_COINS.has(code)) return { label: 'Buy coins', run: () => buying.show() };
  if (!SET_BY_LIMITS.has(code)) return undefined;
  // The server knew better than the ring, which then should learn it.
  void limits.load();
  return { label: 'Your limits', run: () => void (limits.isOpen.value = true) };
}
