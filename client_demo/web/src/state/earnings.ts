import { computed, signal } from '@preact/signals';
import { systemClock, type Clock, type EarningsView, type GiftwaveClient, type Payout, type TimerId } from '../sdk';
import { bucketsOf } from './buckets';
import { showToast } from './toasts';
import { isDecided, payoutWords } from './payout_words';

// Gifts come in by the second; the books are asked at a reader's pace.
const REFRESH_MS = 5_000;
const WAIT_MAX_MS = 86_400_000;

/** The creator's side of the books: earnings by bucket, and payouts. */
export class EarningsBook {
  readonly view = signal<EarningsView | null>(null);
  /** Newest first. */
  readonly payouts = signal<readonly Payout[]>([]);
  readonly problem = signal<string | null>(null);
  readonly buckets = computed(() => (this.view.value ? bucketsOf(this.view.value) : []));
  readonly #client: GiftwaveClient;
  readonly #clock: Clock;
  #soon: TimerId = null;
  #later: TimerId = null;

  constructor(client: GiftwaveClient, clock: Clock = systemClock) {
    this.#client = client;
    this.#clock = clock;
    client.on('welcome', () => void this.load());
    client.on('recorded', () => this.refresh());
    client.on('payout', (payout) => {
      this.take(payout);
      void this.load();
      if (isDecided(payout)) showToast({ kind: payout.state === 'paid' ? 'success' : 'info', text: payoutWords(payout) });
    });
  }

  async load(): Promise<void> {
    try {
      const [view, payouts] = await Promise.all([this.#client.books.earnings(), this.#client.books.payouts()]);
      this.view.value = view;
      for (const payout of payouts.toReversed()) this.take(payout);
      this.problem.value = null;
      this.#wake(view);
    } catch (error) {
      this.problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  /** Load soon, once for everything that happens until then. */
  refresh(): void {
    if (this.#soon !== null) return;
    this.#soon = this.#clock.setTimeout(() => {
      this.#soon = null;
      void this.load();
    }, REFRESH_MS);
  }

  /** A payout as somebody saw it; an older sight never replaces a newer one. */
  take(payout: Payout): void {
    const known = this.payouts.peek().find(({ payout_id }) => payout_id === payout.payout_id);
    if (known && known.updated_at_ms > payout.updated_at_ms) return;
    const others = this.payouts.peek().filter(({ payout_id }) => payout_id !== payout.payout_id);
    this.payouts.value = [payout, ...others].sort((a, b) => b.created_at_ms - a.created_at_ms);
  }

  /** Earnings settle and holds end by themselves. */
  #wake(view: EarningsView): void {
    const times = [...view.pending_by_day.map(({ settles_at_ms }) => settles_at_ms), ...view.holds.map(({ release_at_ms }) => release_at_ms)];
    this.#clock.clearTimeout(this.#later);
    if (times.length === 0) return;
    const leftMs = Math.min(...times) - this.#client.serverNowMs();
    this.#later = this.#clock.setTimeout(() => void this.load(), Math.min(WAIT_MAX_MS, Math.max(REFRESH_MS, leftMs)));
  }
}
