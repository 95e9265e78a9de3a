const MINUTE_MS = 60_000;

/** Gifts counted per minute of the server's clock, for the latest `minutesMax` minutes. */
export class MinuteCounts {
  readonly #counts = new Map<number, number>();
  readonly #minutesMax: number;

  constructor(minutesMax: number) {
    this.#minutesMax = minutesMax;
  }

  add(tsMs: number, count: number): void {
    const minute = Math.floor(tsMs / MINUTE_MS);
    this.#counts.set(minute, (this.#counts.get(minute) ?? 0) + count);
    for (const known of this.#counts.keys()) if (known <= minute - 2 * this.#minutesMax) this.#counts.delete(known);
  }

  /** Oldest first, with zeros for quiet minutes; times in seconds, as uPlot wants them. */
  series(nowMs: number): [number[], number[]] {
    const last = Math.floor(nowMs / MINUTE_MS);
    const minutes = Array.from({ length: this.#minutesMax }, (_, index) => last - this.#minutesMax + 1 + index);
    return [minutes.map((minute) => minute * 60), minutes.map((minute) => this.#counts.get(minute) ?? 0)];
  }
}
