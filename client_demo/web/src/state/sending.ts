import { computed, signal } from '@preact/signals';
import { GiftwaveError, type GiftAck, type GiftwaveClient } from '../sdk';
import { loadCatalogue, type Gift } from './catalogue';
import { showError, showToast, type Toast } from './toasts';

const IN_FLIGHT_MAX = 10;
const RUN_PAUSE_MS = 3_000;
const CONFIRM_FROM_COINS = 1_000;
const CONFIRM_SHOWN_MS = 5_000;

/** The fan's side of giving: taps become gifts, each with its own intent. */
export class Sending {
  readonly message = signal('');
  readonly anonymous = signal(false);
  readonly confirming = signal<string | null>(null);
  /** How often each gift was tapped in a row, for the count on its button. */
  readonly runs = signal<Readonly<Record<string, number>>>({});
  readonly #inFlight = signal<readonly number[]>([]);
  readonly isFull = computed(() => this.#inFlight.value.length >= IN_FLIGHT_MAX);
  /** Coins of gifts without an answer yet: spent as far as the buttons are concerned. */
  readonly reserved = computed(() => this.#inFlight.value.reduce((sum, coins) => sum + coins, 0));
  readonly #runTimers = new Map<string, ReturnType<typeof setTimeout>>();
  #confirmTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly client: GiftwaveClient,
    readonly room: string,
    readonly onSent: (receipt: GiftAck) => void,
    /** What can be done about a refusal, by its code. */
    readonly remedy: (code: string) => Toast['action'] = () => undefined,
  ) {}

  /** A first tap on a dear gift asks; everything else sends. */
  tap(gift: Gift): void {
    if (gift.price_coins >= CONFIRM_FROM_COINS) this.#ask(gift);
    else this.send(gift);
  }

  cancelConfirm(): void {
    clearTimeout(this.#confirmTimer);
    this.confirming.value = null;
  }

  send(gift: Gift): void {
    this.cancelConfirm();
    if (this.isFull.peek()) return;
    const message = this.message.peek().trim();
    this.message.value = '';
    if (gift.combo) this.#countTap(gift);
    void this.#deliver(gift, message);
  }

  async #deliver(gift: Gift, message: string): Promise<void> {
    this.#inFlight.value = [...this.#inFlight.peek(), gift.price_coins];
    try {
      const order = { room: this.room, gift: gift.id, count: 1, max_coins: gift.price_coins };
      const extras = { ...(message === '' ? {} : { message }), ...(this.anonymous.peek() ? { anonymous: true } : {}) };
      this.onSent(await this.client.sendGift({ ...order, ...extras }));
    } catch (error) {
      if (message !== '' && this.message.peek() === '') this.message.value = message;
      this.#explain(error);
    } finally {
      const index = this.#inFlight.peek().indexOf(gift.price_coins);
      this.#inFlight.value = this.#inFlight.peek().toSpliced(index, 1);
    }
  }

  #explain(error: unknown): void {
    if (error instanceof GiftwaveError && error.code === 'price_changed') void loadCatalogue().catch(showError);
    if (error instanceof GiftwaveError && error.code === 'outcome_unknown') {
      showToast({ kind: 'error', text: 'No answer yet, so it is not known whether this gift was charged. Reload to ask for its receipt.' });
    } else if (error instanceof GiftwaveError) {
      const action = this.remedy(error.code);
      showToast({ kind: 'error', text: error.message, ...(action ? { action } : {}) });
    } else {
      showError(error);
    }
  }

  #ask(gift: Gift): void {
    this.confirming.value = gift.id;
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = setTimeout(() => this.cancelConfirm(), CONFIRM_SHOWN_MS);
  }

  #countTap(gift: Gift): void {
    this.runs.value = { ...this.runs.peek(), [gift.id]: (this.runs.peek()[gift.id] ?? 0) + 1 };
    clearTimeout(this.#runTimers.get(gift.id));
    this.#runTimers.set(gift.id, setTimeout(() => this.#endRun(gift), RUN_PAUSE_MS));
  }

  #endRun(gift: Gift): void {
    const { [gift.id]: _ended, ...others } = this.runs.peek();
    this.runs.value = others;
  }
}
