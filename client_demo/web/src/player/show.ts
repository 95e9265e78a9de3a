import { batch, signal } from '@preact/signals';
import type { GiftEvent } from '../sdk';
import { giftOf } from '../state/catalogue';
import { effectsOn } from '../state/settings';
import { StageQueue, type StageItem } from './stage_queue';
import { Tray, type TrayRow } from './tray';

export interface ShowOptions {
  lane: 'tray' | 'stage' | 'both';
  serverNowMs(): number;
  isOwn(event: GiftEvent): boolean;
}

const STAGE_TIER_MIN = 3;
const TICK_MS = 200;
const SINGLE_SHOWN_MS = 3_000;
// What was missed for longer than this is history: it counts, but it is not played as if it happened now.
const FRESH_FOR_MS = 10_000;

/** Decides for every gift where it is seen: a row of the tray, or the whole stage. The feed has it in any case. */
export class Show {
  readonly rows = signal<readonly (TrayRow | null)[]>([null, null, null]);
  readonly playing = signal<StageItem | null>(null);
  readonly #tray = new Tray();
  readonly #stage = new StageQueue();
  readonly #options: ShowOptions;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(options: ShowOptions) {
    this.#options = options;
    document.addEventListener('visibilitychange', () => document.hidden && this.#collapse());
  }

  add(event: GiftEvent): void {
    if (document.hidden || this.#options.serverNowMs() - event.ts_ms > FRESH_FOR_MS) return;
    const item = { event, is_own: this.#options.isOwn(event) };
    const isBig = giftOf(event.gift).tier >= STAGE_TIER_MIN;
    const wasStaged = isBig && this.#options.lane !== 'tray' && effectsOn.peek() && this.#stage.add(item);
    if (wasStaged) this.#playNext();
    else if (this.#options.lane !== 'stage') this.#toTray(item);
  }

  /** The player is done with the current effect. */
  finished(): void {
    this.playing.value = null;
    this.#playNext();
  }

  #playNext(): void {
    if (this.playing.peek() === null) this.playing.value = this.#stage.next();
  }

  #toTray({ event, is_own }: StageItem): void {
    const { combo } = event;
    const nowMs = this.#options.serverNowMs();
    this.#tray.add(
      {
        key: combo?.id ?? event.id,
        event_id: event.id,
        gift: event.gift,
        sender: event.sender,
        total: combo?.total ?? event.count,
        message: event.message,
        is_own,
        ends_at_ms: combo?.ends_at_ms ?? nowMs + SINGLE_SHOWN_MS,
      },
      nowMs,
    );
    this.#showRows();
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    if (this.#tray.tick(this.#options.serverNowMs())) this.#showRows();
    if (!this.#tray.isEmpty) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #showRows(): void {
    this.rows.value = [...this.#tray.rows];
  }

  /** Nobody watches a hidden page: what waited would come out later as a jam. */
  #collapse(): void {
    this.#tray.clear();
    this.#stage.clear();
    batch(() => {
      this.#showRows();
      this.playing.value = null;
    });
  }
}
