import { describe, expect, it } from 'vitest';
import type { CreatorLine, FanLine, StatementPeriod } from '../src/sdk';
import { creatorLineWords, fanLineDetail, fanLineWords } from '../src/state/line_words';
import { creatorPeriods, fanPeriods, lastMonths } from '../src/state/periods';
import { Statements, type StatementSource } from '../src/state/statements';
import { ManualClock } from './manual_clock';

const MAY_12 = new Date(2026, 4, 12, 13).getTime();

function source(overrides: Partial<StatementSource<string>> = {}): StatementSource<string> {
  return {
    name: 'giftwave',
    refresh_ms: 2_000,
    periods: () => fanPeriods(MAY_12),
    load: ({ from_ms }) => Promise.resolve(`from ${from_ms}`),
    csv: ({ from_ms }) => Promise.resolve(`at\n${from_ms}\n`),
    ...overrides,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('the periods of a statement', () => {
  it('are whole months that touch each other', () => {
    const [may, april, march] = lastMonths(MAY_12, 3);

    expect([may?.key, april?.key, march?.key]).toEqual(['2026-05', '2026-04', '2026-03']);
    expect([april?.to_ms, march?.to_ms]).toEqual([may?.from_ms, april?.from_ms]);
    expect(may).toMatchObject({ label: 'May 2026', from_ms: new Date(2026, 4, 1).getTime(), to_ms: new Date(2026, 5, 1).getTime() });
  });

  it('are also as short as an hour, because a busy room fills a sheet with it', () => {
    const [today, hour, yesterday, may] = creatorPeriods(MAY_12, 1);

    expect([hour?.from_ms, hour?.to_ms]).toEqual([MAY_12 - 3_600_000, today?.to_ms]);
    expect([yesterday?.to_ms, may?.key]).toEqual([today?.from_ms, '2026-05']);
    expect(today).toMatchObject({ from_ms: new Date(2026, 4, 12).getTime(), to_ms: new Date(2026, 4, 13).getTime() });
  });

  it('reach over the turn of a year, and from the last day of a long month', () => {
    expect(lastMonths(new Date(2026, 0, 31).getTime(), 2).map(({ key }) => key)).toEqual(['2026-01', '2025-12']);
    expect(lastMonths(new Date(2026, 2, 31).getTime(), 2).map(({ key }) => key)).toEqual(['2026-03', '2026-02']);
  });
});

describe('a statement on screen', () => {
  it('begins with this month', async () => {
    const statements = new Statements(source());

    statements.show();
    await settled();

    expect(statements.statement.value).toBe(`from ${new Date(2026, 4, 1).getTime()}`);
  });

  it('is that of the period chosen last, in whatever order the answers come', async () => {
    const answers: ((text: string) => void)[] = [];
    const statements = new Statements(source({ load: () => new Promise((resolve) => answers.push(resolve)) }));
    statements.show();
    void statements.choose(statements.periods.value[1]!);

    answers[1]?.('last month');
    answers[0]?.('this month');
    await settled();

    expect(statements.statement.value).toBe('last month');
  });

  it('says what went wrong and keeps what it shows', async () => {
    let isDown = false;
    const statements = new Statements(source({ load: () => (isDown ? Promise.reject(new Error('No answer.')) : Promise.resolve('sheet')) }));
    statements.show();
    await settled();
    isDown = true;

    await statements.choose(statements.period.value!);

    expect([statements.statement.value, statements.problem.value]).toEqual(['sheet', 'No answer.']);
  });

  it('is read once for many recorded gifts, and not while nobody looks', async () => {
    const clock = new ManualClock();
    const asked: StatementPeriod[] = [];
    const statements = new Statements(source({ load: (period) => (asked.push(period), Promise.resolve('sheet')) }), clock);
    statements.refresh();
    statements.show();
    for (let gift = 0; gift < 10; gift += 1) statements.refresh();
    clock.advance(2_000);
    expect(asked).toHaveLength(2);

    statements.refresh();
    statements.hide();
    clock.advance(2_000);

    expect(asked).toHaveLength(2);
  });

  it('is saved as the server’s CSV, named after its period', async () => {
    const statements = new Statements(source({ periods: () => lastMonths(MAY_12, 2) }));
    statements.show();
    await settled();

    expect(await statements.csv()).toEqual({ name: 'giftwave-2026-05.csv', text: `at\n${new Date(2026, 4, 1).getTime()}\n` });
  });

  it('is not saved where the server refuses, which is said', async () => {
    const statements = new Statements(source({ csv: () => Promise.reject(new Error('Too long.')) }));
    statements.show();
    await settled();

    expect([await statements.csv(), statements.saving.problem.value]).toEqual([null, 'Too long.']);
  });
});

describe('the words of a line', () => {
  const fan = (fields: Partial<FanLine>): FanLine => ({ gift: null, count: null, price_minor: null, currency: null, room: null, creator: null, ...fields }) as FanLine;

  it('name what moved', () => {
    expect(fanLineWords(fan({ kind: 'gift', gift: 'rose', count: 3 }))).toBe('rose ×3');
    expect(fanLineWords(fan({ kind: 'gift_refund', gift: 'rose', count: 1 }))).toBe('Refund: rose');
    expect(fanLineDetail(fan({ kind: 'topup', price_minor: 129, currency: 'EUR' }))).toBe('€1.29');
    expect(fanLineDetail(fan({ kind: 'gift', creator: 'c_mira', room: 'lounge' }))).toBe('to c_mira in lounge');
  });

  it('are the server’s own for what this version does not know', () => {
    expect(fanLineWords(fan({ kind: 'season_bonus' }))).toBe('Season bonus');
    expect(creatorLineWords({ kind: 'payout_returned' } as CreatorLine)).toBe('Payout returned');
  });
});
