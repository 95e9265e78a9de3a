import { computed, signal } from '@preact/signals';
import type { GiftAck, GiftEvent, Recorded } from '../sdk';
import type { LiveRoom } from './live';

const REMEMBERED_MAX = 200;
// After a reconnect, so many gifts are asked for one by one; the books have the rest as well, only the tick stays away.
const ASKED_MAX = 20;

/** Which events are this viewer's: by id, or by receipt where the gift was anonymous; and which of them the books hold. */
export class OwnGifts {
  /** Ids of events that the books hold. */
  readonly recorded = signal<ReadonlySet<string>>(new Set());
  /** Event by intent. */
  readonly #events = signal<ReadonlyMap<string, string>>(new Map());
  readonly #ids = computed(() => new Set(this.#events.value.values()));
  /** Receipts that the books do not hold yet. */
  readonly waiting = computed(() => [...this.#ids.value].filter((event) => !this.recorded.value.has(event)).length);
  /** `recorded` may overtake a receipt that had to be asked for again. */
  #early: readonly string[] = [];

  constructor(readonly live: Pick<LiveRoom, 'client' | 'user'>) {
    live.client.on('recorded', (recorded) => this.#record(recorded));
    live.client.on('welcome', () => void this.#askWaiting());
  }

  add({ intent_id, event_id, recorded }: GiftAck): void {
    const events = [...this.#events.peek()].filter(([intent]) => intent !== intent_id);
    this.#events.value = new Map([...events, [intent_id, event_id] as const].slice(-REMEMBERED_MAX));
    if (recorded === true || this.#early.includes(intent_id)) this.#mark([event_id]);
  }

  has({ id, sender }: GiftEvent): boolean {
    return this.#ids.peek().has(id) || (sender.id !== undefined && sender.id === this.live.user.peek()?.id);
  }

  isRecorded({ id, sender }: GiftEvent): boolean {
    // Rows of other people need not be drawn again for it.
    if (sender.id !== undefined && sender.id !== this.live.user.peek()?.id) return false;
    return this.recorded.value.has(id);
  }

  #record(recorded: Recorded): void {
    if (!('intent_ids' in recorded)) return;
    this.#early = [...this.#early, ...recorded.intent_ids].slice(-REMEMBERED_MAX);
    const events = this.#events.peek();
    this.#mark(recorded.intent_ids.flatMap((intent) => events.get(intent) ?? []));
  }

  #mark(events: readonly string[]): void {
    if (events.length > 0) this.recorded.value = new Set([...this.recorded.peek(), ...events].slice(-REMEMBERED_MAX));
  }

  /** What was recorded while this page was not connected. */
  async #askWaiting(): Promise<void> {
    const waiting = [...this.#events.peek()].filter(([, event]) => !this.recorded.peek().has(event));
    for (const [intent] of waiting.slice(-ASKED_MAX)) {
      const receipt = await this.live.client.receipt(intent).catch(() => null);
      if (receipt?.recorded === true) this.add(receipt);
    }
  }
}
