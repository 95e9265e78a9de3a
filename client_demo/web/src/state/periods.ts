import type { StatementPeriod } from '../sdk';

/** A stretch of time that a statement can be asked for; months are those of the browser's zone. */
export interface NamedPeriod extends StatementPeriod {
  key: string;
  label: string;
}

const HOUR_MS = 3_600_000;
const monthName = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric' });

/** The month that is `ago` months before the one of `nowMs`. */
export function monthOf(nowMs: number, ago: number): NamedPeriod {
  const now = new Date(nowMs);
  const start = new Date(now.getFullYear(), now.getMonth() - ago, 1);
  const end = new Date(start.getFullYear(), start.getMonth() + 1, 1);
  const key = `${start.getFullYear()}-${String(start.getMonth() + 1).padStart(2, '0')}`;
  return { key, label: monthName.format(start), from_ms: start.getTime(), to_ms: end.getTime() };
}

function dayOf(nowMs: number, ago: number): StatementPeriod {
  const now = new Date(nowMs);
  const start = (days: number): number => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime();
  return { from_ms: start(ago), to_ms: start(ago - 1) };
}

/** Newest first. */
export function lastMonths(nowMs: number, count: number): NamedPeriod[] {
  return Array.from({ length: count }, (_, ago) => monthOf(nowMs, ago));
}

/** Short ones first: a busy room fills in an hour what the server puts on one sheet. */
export function creatorPeriods(nowMs: number, monthsCount: number): NamedPeriod[] {
  const today = dayOf(nowMs, 0);
  return [
    { key: 'today', label: 'Today', ...today },
    { key: 'hour', label: 'Last hour', from_ms: nowMs - HOUR_MS, to_ms: today.to_ms },
    { key: 'yesterday', label: 'Yesterday', ...dayOf(nowMs, 1) },
    ...lastMonths(nowMs, monthsCount),
  ];
}

export function fanPeriods(nowMs: number): NamedPeriod[] {
  const thisMonth = monthOf(nowMs, 0);
  return [
    { ...thisMonth, key: 'this', label: 'This month' },
    { ...monthOf(nowMs, 1), key: 'last', label: 'Last month' },
    { key: 'all', label: 'All', from_ms: 0, to_ms: thisMonth.to_ms },
  ];
}
