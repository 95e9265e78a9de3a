import type { GiftAck, GiftEvent } from '../sdk';
import type { LiveRoom } from './live';

const REMEMBERED_MAX = 200;

/** Which events are this viewer's: by id, or by receipt where the gift was anonymous. */
export class OwnGifts {
  readonly #events = new Set<string>();

  constructor(readonly live: LiveRoom) {}

  add({ event_id }: GiftAck): void {
    this.#events.add(event_id);
    if (this.#events.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#events) {
      this.#events.delete(oldest);
      return;
    }
  }

  has({ id, sender }: GiftEvent): boolean {
    return this.#events.has(id) || (sender.id !== undefined && sender.id === this.live.user.peek()?.id);
  }
}
