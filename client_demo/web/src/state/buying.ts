import { signal } from '@preact/signals';
import { GiftwaveError, systemClock, type Clock, type GiftwaveClient, type Pack, type TimerId, type Topup } from '../sdk';
import type { Return } from './checkout';
import { Task } from './task';
import { showToast } from './toasts';
import { isGood, isOpen, topupWords } from './topup_words';
import { Wish } from './wish';

/** The way out to the provider's checkout and back. */
export interface Checkout {
  /** Where the provider sends the browser back to. */
  returnUrl(topupId: string): string;
  leave(checkoutUrl: string): void;
}

// The socket usually says it first; asking covers a socket that is down.
const ASK_FIRST_MS = 1_500;
const ASK_MAX_MS = 15_000;
// A provider's webhook takes a few seconds; after that, most likely nobody paid.
const PATIENCE_MS = 10_000;

/** Buying coins: choose a pack, go to the provider's checkout, come back, see the coins arrive. */
export class Buying {
  readonly isShown = signal(false);
  readonly packs = signal<readonly Pack[]>([]);
  /** The purchase on screen. */
  readonly topup = signal<Topup | null>(null);
  /** The fan has left the checkout without paying, or nothing was heard of a payment for so long that it looks like that. */
  readonly isUnheard = signal(false);
  readonly task = new Task();
  /** The purchase whose end is not known yet, also while its state was never read. */
  readonly watched = signal<string | null>(null);
  readonly #client: GiftwaveClient;
  readonly #checkout: Checkout;
  readonly #clock: Clock;
  readonly #wish: Wish;
  #askTimer: TimerId = null;
  #patienceTimer: TimerId = null;
  #askDelayMs = ASK_FIRST_MS;

  constructor(client: GiftwaveClient, checkout: Checkout, clock: Clock = systemClock) {
    this.#client = client;
    this.#checkout = checkout;
    this.#clock = clock;
    this.#wish = new Wish(client.books.newId);
    client.on('topup', (topup) => this.#heard(topup));
  }

  show(): void {
    this.isShown.value = true;
    if (this.watched.peek() === null) this.startOver();
    else this.#ask();
  }

  hide(): void {
    this.isShown.value = false;
    this.#clock.clearTimeout(this.#askTimer);
  }

  /** Back to the packs; a purchase that is still open goes on without being watched. */
  startOver(): void {
    this.#forget();
    if (this.packs.peek().length === 0) void this.loadPacks();
  }

  loadPacks(): Promise<boolean> {
    return this.task.run(async () => void (this.packs.value = await this.#client.books.packs()));
  }

  buy(pack: Pack): Promise<boolean> {
    return this.task.run(async () => {
      const topup = await this.#wish.run(pack.id, (topup_id) =>
        this.#client.books.startTopup({ topup_id, pack: pack.id, return_url: this.#checkout.returnUrl(topup_id) }),
      );
      this.#show(topup);
      if (topup.checkout_url !== null) this.#checkout.leave(topup.checkout_url);
    });
  }

  /** Once more to the checkout of the purchase on screen. */
  goToCheckout(): Promise<boolean> {
    return this.task.run(async () => {
      const url = this.topup.peek()?.checkout_url;
      if (url) this.#checkout.leave(url);
    });
  }

  /** The browser is back from the checkout. What happened there only the server knows; `result` is for the words meanwhile. */
  async returned({ topup_id, result }: Return): Promise<void> {
    this.#forget();
    this.isShown.value = true;
    this.watched.value = topup_id;
    const patienceMs = result === 'cancelled' ? 0 : PATIENCE_MS;
    this.#patienceTimer = this.#clock.setTimeout(() => (this.isUnheard.value = true), patienceMs);
    await this.#askNow();
  }

  #forget(): void {
    this.#clock.clearTimeout(this.#askTimer);
    this.#clock.clearTimeout(this.#patienceTimer);
    this.topup.value = this.watched.value = null;
    this.isUnheard.value = false;
    this.task.problem.value = null;
  }

  #heard(topup: Topup): void {
    const current = this.topup.peek();
    const isOnScreen = (this.watched.peek() ?? current?.topup_id) === topup.topup_id;
    const isNews = topup.updated_at_ms >= (current?.updated_at_ms ?? 0);
    if (isOnScreen && isNews) this.#show(topup);
    if (!(isOnScreen && this.isShown.peek()) && !isOpen(topup)) showToast({ kind: isGood(topup) ? 'success' : 'info', text: topupWords(topup) });
  }

  #show(topup: Topup): void {
    if (topup.state !== this.topup.peek()?.state) this.#askDelayMs = ASK_FIRST_MS;
    this.topup.value = topup;
    this.watched.value = isOpen(topup) ? topup.topup_id : null;
    this.#ask();
  }

  #ask(): void {
    this.#clock.clearTimeout(this.#askTimer);
    if (this.watched.peek() === null || !this.isShown.peek()) return;
    this.#askTimer = this.#clock.setTimeout(() => void this.#askNow(), this.#askDelayMs);
    this.#askDelayMs = Math.min(ASK_MAX_MS, this.#askDelayMs * 2);
  }

  async #askNow(): Promise<void> {
    const topupId = this.watched.peek();
    if (topupId === null) return;
    try {
      const topup = await this.#client.books.topup(topupId);
      if (this.watched.peek() === topupId) this.#heard(topup);
      this.task.problem.value = null;
    } catch (error) {
      this.task.problem.value = error instanceof Error ? error.message : String(error);
      if (error instanceof GiftwaveError && error.retryable) this.#ask();
      else this.watched.value = null;
    }
  }
}
