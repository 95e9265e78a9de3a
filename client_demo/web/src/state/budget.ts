import type { LimitsView, SpendingLimits, Spent } from '../sdk';
import { formatCoins, formatMoment, formatWhole } from './format';

export type Period = keyof Spent;

export const PERIODS: readonly Period[] = ['day', 'week', 'month'];
export const PERIOD_WORDS: Record<Period, string> = { day: 'today', week: 'this week', month: 'this month' };

/** What one limit leaves. */
export interface Budget {
  period: Period;
  limit: number;
  left: number;
  ends_at_ms: number;
}

/** One for each period that has a limit. @param reserved Coins of gifts without an answer yet: as good as spent. */
export function budgetsOf(view: LimitsView, spent: Spent, reserved: number): Budget[] {
  return PERIODS.flatMap((period) => {
    const limit = view.limits[period];
    if (limit === null) return [];
    return [{ period, limit, left: Math.max(0, limit - spent[period] - reserved), ends_at_ms: view.ends_at_ms[period] }];
  });
}

/** The one that ends first to be spent; of two equal ones the one that lasts longer, which is what the fan has to wait for. */
export function tightest(budgets: readonly Budget[]): Budget | null {
  return budgets.reduce<Budget | null>((least, budget) => (least === null || budget.left <= least.left ? budget : least), null);
}

export function isLocked(view: LimitsView, nowMs: number): boolean {
  return view.locked_until_ms !== null && view.locked_until_ms > nowMs;
}

/** Why a gift is not to be had, in a sentence and in two words for its button. */
export interface LimitRefusal {
  words: string;
  short: string;
}

/** Why a gift of `priceCoins` would be refused; null where no limit forbids it. */
export function refusalOf(limits: SpendingLimits, budgets: readonly Budget[], priceCoins: number): LimitRefusal | null {
  if (limits.gift !== null && priceCoins > limits.gift) return { words: `Above your limit of ${formatCoins(limits.gift)} a gift.`, short: 'over limit' };
  const passed = tightest(budgets.filter(({ left }) => priceCoins > left));
  if (!passed) return null;
  const words = `Above your limit: ${formatWhole(passed.left)} of ${formatCoins(passed.limit)} left ${PERIOD_WORDS[passed.period]}.`;
  return { words, short: 'over limit' };
}

export function lockWords(view: LimitsView): string {
  return `Gifts are locked until ${formatMoment(view.locked_until_ms ?? 0)}. You asked for this.`;
}

/** When the view stops being true by itself: a period ends, a waiting change comes into force, a lock opens. */
export function nextChangeMs(view: LimitsView): number {
  const { day, week, month } = view.ends_at_ms;
  return Math.min(day, week, month, view.next?.at_ms ?? Infinity, view.locked_until_ms ?? Infinity);
}

export type Effect = 'same' | 'now' | 'later';

/** What becomes of one limit: lowering and setting a first one are immediate, raising and removing wait 24 h. */
export function effectOf(before: number | null, after: number | null): Effect {
  if (before === after) return 'same';
  if (before === null) return 'now';
  return after !== null && after < before ? 'now' : 'later';
}
