import { computed, signal } from '@preact/signals';
import { GiftwaveError, systemClock, type Clock, type GiftwaveClient, type Payout, type PayoutCurrency, type Quote, type TimerId } from '../sdk';
import type { EarningsBook } from './earnings';
import { unitsFromDiamonds } from './money';
import { Task } from './task';
import { Wish } from './wish';

const TICK_MS = 1_000;

export type AmountKind = 'all' | 'part';

/** Cashing out: what and in which currency, the locked quote, the confirmation, and what becomes of it. */
export class PayoutRequest {
  readonly isShown = signal(false);
  readonly currency = signal('');
  readonly kind = signal<AmountKind>('all');
  readonly amount = signal('');
  readonly destination = signal('');
  readonly quote = signal<Quote | null>(null);
  readonly task = new Task();
  readonly rate = computed<PayoutCurrency | null>(() => this.book.view.value?.currencies.find(({ currency }) => currency === this.currency.value) ?? null);
  /** Undefined where the amount is no number of diamonds; null is everything available. */
  readonly units = computed(() => (this.kind.value === 'all' ? null : (unitsFromDiamonds(this.amount.value) ?? undefined)));
  readonly quoteLeftMs = computed(() => (this.quote.value?.expires_at_ms ?? 0) - this.#nowMs.value);
  readonly isExpired = computed(() => this.quote.value !== null && this.quoteLeftMs.value <= 0);
  /** The payout that was asked for here, as it stands now. */
  readonly payout = computed<Payout | null>(() => this.book.payouts.value.find(({ payout_id }) => payout_id === this.#payoutId.value) ?? null);
  readonly #payoutId = signal<string | null>(null);
  readonly #nowMs = signal(0);
  readonly #client: GiftwaveClient;
  readonly #clock: Clock;
  readonly #wish: Wish;
  #ticker: TimerId = null;

  constructor(
    client: GiftwaveClient,
    readonly book: EarningsBook,
    clock: Clock = systemClock,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#wish = new Wish(client.books.newId);
  }

  show(): void {
    this.startOver();
    const { currencies = [], destination } = this.book.view.peek() ?? {};
    this.destination.value = destination ?? '';
    if (!currencies.some(({ currency }) => currency === this.currency.peek())) this.currency.value = currencies[0]?.currency ?? '';
    this.isShown.value = true;
    void this.book.load();
  }

  hide(): void {
    this.isShown.value = false;
    this.dropQuote();
  }

  startOver(): void {
    this.dropQuote();
    this.#payoutId.value = null;
    this.task.problem.value = null;
  }

  /** What was asked has changed: the quote is for something else. */
  dropQuote(): void {
    this.#clock.clearTimeout(this.#ticker);
    this.quote.value = null;
  }

  /** Save where payouts go, if that is new, and ask for a quote. */
  ask(): Promise<boolean> {
    return this.task.run(async () => {
      const units = this.units.peek();
      if (units === undefined) throw new GiftwaveError({ code: 'bad_amount', message: 'Write how many diamonds to cash out, for example 2500.', retryable: false });
      await this.#saveDestination();
      this.quote.value = await this.#client.books.quotePayout({ currency: this.currency.peek(), units });
      this.#tick();
    });
  }

  confirm(): Promise<boolean> {
    return this.task.run(async () => {
      const quote = this.quote.peek();
      if (!quote || this.isExpired.peek()) return;
      try {
        const payout = await this.#wish.run(quote.quote_id, (payout_id) => this.#client.books.requestPayout({ payout_id, quote_id: quote.quote_id }));
        this.book.take(payout);
        this.#payoutId.value = payout.payout_id;
        this.dropQuote();
      } finally {
        // Also after a lost answer: the list then says what became of it.
        void this.book.load();
      }
    });
  }

  async #saveDestination(): Promise<void> {
    const destination = this.destination.peek().trim();
    if (destination === '') throw new GiftwaveError({ code: 'no_destination', message: 'Say first where the payout goes.', retryable: false });
    if (destination === this.book.view.peek()?.destination) return;
    await this.#client.books.setDestination(destination);
    await this.book.load();
  }

  #tick(): void {
    this.#clock.clearTimeout(this.#ticker);
    this.#nowMs.value = this.#client.serverNowMs();
    if (this.quote.peek() && !this.isExpired.peek()) this.#ticker = this.#clock.setTimeout(() => this.#tick(), TICK_MS);
  }
}
