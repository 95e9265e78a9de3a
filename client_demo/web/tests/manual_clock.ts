import type { Clock, TimerId } from '../src/sdk';

/** Time that only the test moves. */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers = new Map<number, { atMs: number; run: () => void }>();
  #lastId = 0;

  constructor(nowMs = 1_780_000_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimeout(run: () => void, delayMs: number): TimerId {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { atMs: this.#nowMs + delayMs, run });
    return this.#lastId;
  }

  clearTimeout(id: TimerId): void {
    this.#timers.delete(id as number);
  }

  /** Fire what is due on the way, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (!due) break;
      const [id, { atMs, run }] = due;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, atMs);
      run();
    }
    this.#nowMs = endMs;
  }
}
