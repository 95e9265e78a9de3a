import { computed, signal, type Signal } from '@preact/signals';
import type { LimitsView, SpendingLimits } from '../sdk';
import { effectOf, type Effect } from './budget';

export type Field = keyof SpendingLimits;

export const FIELDS: readonly Field[] = ['gift', 'day', 'week', 'month'];

/** What a fan is typing into the limits form. It starts from what they asked for last, be it in force or waiting. */
export class LimitsDraft {
  readonly texts: Record<Field, Signal<string>>;
  readonly zone: Signal<string>;
  readonly #numbers = computed(() => {
    const { gift, day, week, month } = this.texts;
    return { gift: numberOf(gift.value), day: numberOf(day.value), week: numberOf(week.value), month: numberOf(month.value) };
  });
  /** Null while a field holds something else than coins. */
  readonly limits = computed(() => limitsOf(this.#numbers.value));
  readonly isChanged = computed(() => {
    const { limits, zone } = wishOf(this.before);
    return FIELDS.some((field) => this.#numbers.value[field] !== limits[field]) || this.zone.value !== zone;
  });
  readonly isZoneLater = computed(() => !isFresh(this.before) && this.zone.value !== this.before.zone);

  constructor(
    readonly before: LimitsView,
    browserZone: string,
  ) {
    const { limits, zone } = wishOf(before);
    this.texts = { gift: signal(textOf(limits.gift)), day: signal(textOf(limits.day)), week: signal(textOf(limits.week)), month: signal(textOf(limits.month)) };
    this.zone = signal(isFresh(before) ? browserZone : zone);
  }

  isWrong(field: Field): boolean {
    return this.#numbers.value[field] === undefined;
  }

  effect(field: Field): Effect {
    const after = this.#numbers.value[field];
    return after === undefined ? 'same' : effectOf(this.before.limits[field], after);
  }
}

/** No limit was ever set, as far as this page can tell: the first setting is in force at once, zone and all. */
function isFresh({ limits, next }: LimitsView): boolean {
  return next === null && FIELDS.every((field) => limits[field] === null);
}

function wishOf({ limits, next, zone }: LimitsView): { limits: SpendingLimits; zone: string } {
  return next ?? { limits, zone };
}

/** Undefined where it is neither empty nor a whole number of coins above zero. */
function numberOf(text: string): number | null | undefined {
  const digits = text.trim().replaceAll(',', '');
  if (digits === '') return null;
  const value = /^\d+$/.test(digits) ? Number(digits) : 0;
  return value >= 1 && Number.isSafeInteger(value) ? value : undefined;
}

function limitsOf({ gift, day, week, month }: Record<Field, number | null | undefined>): SpendingLimits | null {
  if (gift === undefined || day === undefined || week === undefined || month === undefined) return null;
  return { gift, day, week, month };
}

function textOf(limit: number | null): string {
  return limit === null ? '' : String(limit);
}
