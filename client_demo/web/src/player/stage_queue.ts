import type { GiftEvent } from '../sdk';

export interface StageItem {
  event: GiftEvent;
  is_own: boolean;
}

// About half a minute of effects: beyond it the tray says the same sooner.
const WAITING_MAX = 6;

/** Full-screen effects, one at a time. One's own comes next but never cuts another off; no fan gets two in a row while others wait. */
export class StageQueue {
  #waiting: StageItem[] = [];
  #lastSender: string | null = null;

  /** False where the stage is too far behind and the gift should be shown in the tray. */
  add(item: StageItem): boolean {
    if (item.is_own) {
      this.#waiting.splice(this.#waiting.filter(({ is_own }) => is_own).length, 0, item);
      return true;
    }
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(item);
    return true;
  }

  next(): StageItem | null {
    const first = this.#waiting[0];
    if (!first) return null;
    const fair = this.#waiting.findIndex((item) => senderOf(item) !== this.#lastSender);
    const index = first.is_own || fair === -1 ? 0 : fair;
    const [item] = this.#waiting.splice(index, 1);
    this.#lastSender = item ? senderOf(item) : null;
    return item ?? null;
  }

  clear(): void {
    this.#waiting = [];
  }
}

function senderOf({ event }: StageItem): string {
  return event.sender.id ?? event.sender.name;
}
