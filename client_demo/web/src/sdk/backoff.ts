const BASE_MS = 250;
const CAP_MS = 15_000;

/** Full-jitter exponential backoff: a crowd that lost the same server comes back spread out, not as one wave. */
export class Backoff {
  #attempts = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  nextMs(): number {
    // 2^6 × 250 ms is already above the cap; bounding the exponent keeps a week of retries finite.
    const ceilingMs = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(this.#attempts, 6));
    this.#attempts += 1;
    return Math.floor(this.#random() * ceilingMs);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
