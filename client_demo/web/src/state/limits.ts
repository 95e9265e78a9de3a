import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { systemClock, type Clock, type GiftwaveClient, type LimitsView, type LockHours, type SpendingLimits, type Spent, type TimerId } from '../sdk';
import { budgetsOf, isLocked, lockWords, nextChangeMs, refusalOf, tightest, type LimitRefusal } from './budget';
import { Task } from './task';
import { Wish } from './wish';

// A long month is more than a timer can hold (2^31 ms), so the wait is cut into days.
const WAIT_MAX_MS = 86_400_000;
const WAIT_MIN_MS = 1_000;
// Midnight is the same for a whole audience, which must not ask in the same second.
const SPREAD_MS = 4_000;

export interface LimitsOptions {
  clock?: Clock;
  random?: () => number;
}

/** The fan's own limits: what they are, what is left of them, and changing them. */
export class Limits {
  readonly isOpen = signal(false);
  readonly view = signal<LimitsView | null>(null);
  readonly change = new Task();
  /** Of the view or of the wallet, whichever came last. */
  readonly spent = signal<Spent | null>(null);
  readonly budgets = computed(() => {
    const view = this.view.value;
    return view ? budgetsOf(view, this.spent.value ?? view.spent, this.reserved.value) : [];
  });
  readonly tightest = computed(() => tightest(this.budgets.value));
  readonly isLocked = computed(() => this.view.value !== null && isLocked(this.view.value, this.#client.serverNowMs()));
  readonly #client: GiftwaveClient;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #setting: Wish;
  readonly #locking: Wish;
  #timer: TimerId = null;

  /** @param reserved Coins of gifts that are on their way. */
  constructor(
    client: GiftwaveClient,
    readonly reserved: ReadonlySignal<number>,
    { clock = systemClock, random = Math.random }: LimitsOptions = {},
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
    this.#setting = new Wish(client.books.newId);
    this.#locking = new Wish(client.books.newId);
    client.on('limits', (view) => this.#show(view));
    client.on('wallet', ({ spent }) => spent && (this.spent.value = spent));
    client.on('welcome', () => void this.load());
  }

  /** What is on screen stays where the server cannot be asked: it decides in any case. */
  async load(): Promise<void> {
    const spentBefore = this.spent.peek();
    try {
      const view = await this.#client.books.limits();
      // A gift that was answered meanwhile knows more than a view from before it.
      const isOvertaken = this.spent.peek() !== spentBefore;
      this.#show(isOvertaken ? { ...view, spent: this.spent.peek() ?? view.spent } : view);
    } catch {
      this.#wakeIn(WAIT_MIN_MS + SPREAD_MS * (1 + this.#random()));
    }
  }

  /** Why a gift is not to be had now. */
  refusal(priceCoins: number): LimitRefusal | null {
    const view = this.view.value;
    if (!view) return null;
    return this.isLocked.value ? { words: lockWords(view), short: 'locked' } : refusalOf(view.limits, this.budgets.value, priceCoins);
  }

  save(limits: SpendingLimits, zone: string): Promise<boolean> {
    return this.change.run(async () => {
      const { books } = this.#client;
      this.#show(await this.#setting.run({ limits, zone }, (change_id) => books.setLimits({ change_id, ...limits, zone })));
    });
  }

  lock(hours: LockHours): Promise<boolean> {
    return this.change.run(async () => {
      this.#show(await this.#locking.run(hours, (change_id) => this.#client.books.lock({ change_id, hours })));
    });
  }

  #show(view: LimitsView): void {
    this.view.value = view;
    this.spent.value = view.spent;
    const leftMs = nextChangeMs(view) - this.#client.serverNowMs();
    this.#wakeIn(Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS, leftMs) + SPREAD_MS * this.#random()));
  }

  #wakeIn(delayMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => void this.load(), delayMs);
  }
}
