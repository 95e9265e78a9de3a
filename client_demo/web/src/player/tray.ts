import type { Sender } from '../sdk';

/** What a gift asks the tray to show. The key is the combo's id, so a growing combo keeps one row. */
export interface TrayEntry {
  key: string;
  event_id: string;
  gift: string;
  sender: Sender;
  total: number;
  message: string | undefined;
  is_own: boolean;
  ends_at_ms: number;
}

export interface TrayRow extends TrayEntry {
  shown_at_ms: number;
  updated_at_ms: number;
}

const ROWS_MAX = 3;
const WAITING_MAX = 20;
// Long enough to read a name and a number, also where a combo ended while it waited.
const SHOWN_MIN_MS = 2_000;
// While others wait, nobody keeps a row longer than this; who comes back shows the total.
const HELD_MAX_MS = 12_000;
// A fan who just paid sees it soon: a row nobody is growing any more gives way.
const IDLE_FOR_OWN_MS = 1_000;
// Older news is in the feed; shown now it would only mislead.
const STALE_AFTER_MS = 8_000;

/** The three rows of running gifts. A row keeps its place while it grows; a combo that lost its row re-enters with its total. */
export class Tray {
  readonly rows: (TrayRow | null)[] = Array.from({ length: ROWS_MAX }, () => null);
  #waiting: TrayRow[] = [];

  add(entry: TrayEntry, nowMs: number): void {
    const index = this.rows.findIndex((row) => row?.key === entry.key);
    const row = this.rows[index];
    if (row) {
      this.rows[index] = grown(row, entry, nowMs);
    } else {
      this.#wait(entry, nowMs);
      this.tick(nowMs);
    }
  }

  /** Let ended rows go and waiting ones in. True where anything changed. */
  tick(nowMs: number): boolean {
    this.#waiting = this.#waiting.filter((row) => row.is_own || nowMs - row.updated_at_ms < STALE_AFTER_MS);
    let changed = false;
    for (const [index, row] of this.rows.entries()) {
      if (row && !this.#mustGo(row, nowMs)) continue;
      const next = this.#waiting.shift();
      if (!row && !next) continue;
      this.rows[index] = next ? { ...next, shown_at_ms: nowMs } : null;
      changed = true;
    }
    return changed;
  }

  clear(): void {
    this.rows.fill(null);
    this.#waiting = [];
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.rows.every((row) => row === null);
  }

  #wait(entry: TrayEntry, nowMs: number): void {
    const known = this.#waiting.findIndex(({ key }) => key === entry.key);
    const waiting = this.#waiting[known];
    if (waiting) {
      this.#waiting[known] = grown(waiting, entry, nowMs);
      return;
    }
    const row = { ...entry, shown_at_ms: nowMs, updated_at_ms: nowMs };
    if (entry.is_own) this.#waiting.splice(this.#waiting.filter(({ is_own }) => is_own).length, 0, row);
    else this.#waiting.push(row);
    if (this.#waiting.length > WAITING_MAX) this.#waiting.splice(this.#waiting.findIndex(({ is_own }) => !is_own), 1);
  }

  #mustGo(row: TrayRow, nowMs: number): boolean {
    const shownForMs = nowMs - row.shown_at_ms;
    if (shownForMs < SHOWN_MIN_MS) return false;
    if (nowMs >= row.ends_at_ms) return true;
    const next = this.#waiting[0];
    if (!next) return false;
    return shownForMs >= HELD_MAX_MS || (next.is_own && !row.is_own && nowMs - row.updated_at_ms >= IDLE_FOR_OWN_MS);
  }
}

/** A batch that arrives late must not count backwards. */
function grown(row: TrayRow, entry: TrayEntry, nowMs: number): TrayRow {
  if (entry.total <= row.total) return row;
  return { ...row, ...entry, message: entry.message ?? row.message, shown_at_ms: row.shown_at_ms, updated_at_ms: nowMs };
}
