import { describe, expect, it } from 'vitest';
import { budgetsOf, effectOf, nextChangeMs, refusalOf, tightest } from '../src/state/budget';
import { LimitsDraft } from '../src/state/limits_draft';
import { limitsView, NOW_MS } from './books_peer';

const SPENT = { day: 20, week: 150, month: 400 };
const view = limitsView({ limits: { gift: 50, day: 100, week: 200, month: 1_000 } });

describe('the remaining budget', () => {
  it('is the least that any period leaves', () => {
    expect(tightest(budgetsOf(view, SPENT, 0))).toMatchObject({ period: 'week', limit: 200, left: 50 });
  });

  it('counts gifts that are on their way as spent', () => {
    expect(budgetsOf(view, SPENT, 30).map(({ left }) => left)).toEqual([50, 20, 570]);
  });

  it('is never below nothing, also where a lowered limit lies under what was spent', () => {
    const lowered = limitsView({ limits: { gift: null, day: 10, week: null, month: null } });

    expect(budgetsOf(lowered, SPENT, 0)).toMatchObject([{ period: 'day', left: 0 }]);
  });

  it('names the period one has to wait for where two leave the same', () => {
    const equal = limitsView({ limits: { gift: null, day: 20, week: 150, month: null } });

    expect(tightest(budgetsOf(equal, SPENT, 0))?.period).toBe('week');
  });

  it('does not exist without a limit', () => {
    expect(tightest(budgetsOf(limitsView(), SPENT, 0))).toBeNull();
  });
});

describe('a gift against the limits', () => {
  const budgets = budgetsOf(view, SPENT, 0);

  it('passes up to what is left, to the coin', () => {
    expect(refusalOf(view.limits, budgets, 50)).toBeNull();
    expect(refusalOf({ ...view.limits, gift: null }, budgets, 51)?.words).toContain('50 of 200 coins left this week');
  });

  it('is held against the limit of a single gift first', () => {
    expect(refusalOf(view.limits, budgets, 51)?.words).toContain('50 coins a gift');
  });
});

describe('the next change', () => {
  it('is whatever ends first: a period, a lock, or the wait for a raise', () => {
    const waiting = limitsView({ next: { at_ms: NOW_MS + 5_000, limits: view.limits, zone: 'UTC' } });

    expect(nextChangeMs(limitsView())).toBe(limitsView().ends_at_ms.day);
    expect(nextChangeMs(waiting)).toBe(NOW_MS + 5_000);
    expect(nextChangeMs({ ...waiting, locked_until_ms: NOW_MS + 1_000 })).toBe(NOW_MS + 1_000);
  });
});

describe('a change of a limit', () => {
  it.each([
    [null, 100, 'now'],
    [100, 50, 'now'],
    [100, 100, 'same'],
    [100, 101, 'later'],
    [100, null, 'later'],
    [null, null, 'same'],
  ] as const)('from %s to %s is in force: %s', (before, after, effect) => {
    expect(effectOf(before, after)).toBe(effect);
  });
});

describe('the limits form', () => {
  it('starts in the zone of the browser where no limit was ever set, and in that of the limits otherwise', () => {
    expect(new LimitsDraft(limitsView(), 'Asia/Seoul').zone.value).toBe('Asia/Seoul');
    expect(new LimitsDraft(view, 'Asia/Seoul').zone.value).toBe('UTC');
  });

  it('says that another zone waits, except with the first limits of all', () => {
    const moved = new LimitsDraft(view, 'UTC');
    moved.zone.value = 'Asia/Seoul';

    expect([moved.isZoneLater.value, new LimitsDraft(limitsView(), 'Asia/Seoul').isZoneLater.value]).toEqual([true, false]);
  });

  it('starts from what waits, so that saving another field does not take it back', () => {
    const waiting = { ...view, next: { at_ms: NOW_MS, limits: { ...view.limits, day: 300 }, zone: 'Europe/Berlin' } };
    const draft = new LimitsDraft(waiting, 'Asia/Seoul');

    expect([draft.limits.value?.day, draft.zone.value, draft.isChanged.value]).toEqual([300, 'Europe/Berlin', false]);
    expect(draft.effect('day')).toBe('later');
  });

  it('takes an empty field as no limit', () => {
    const draft = new LimitsDraft(view, 'UTC');
    draft.texts.week.value = ' ';

    expect(draft.limits.value).toEqual({ gift: 50, day: 100, week: null, month: 1_000 });
    expect([draft.effect('week'), draft.isChanged.value]).toEqual(['later', true]);
  });

  it.each(['0', '-1', '1.5', '1e3', 'NaN', '99999999999999999999'])('does not take %j', (text) => {
    const draft = new LimitsDraft(view, 'UTC');
    draft.texts.day.value = text;

    expect([draft.isWrong('day'), draft.limits.value]).toEqual([true, null]);
  });
});
