import type { KeyValueStorage } from './environment';
import { GiftwaveError } from './errors';
import type { GiftOrder } from './messages';

/** A gift whose outcome this client has not seen. */
export interface UnfinishedGift {
  intent_id: string;
  order: GiftOrder;
  made_at_ms: number;
}

// Far above what one person can have in flight; a full list means something else is broken.
const UNFINISHED_MAX = 500;

/** The note made before a gift is sent. Read anew on every change, so two tabs on one storage do not erase each other's notes. */
export class Unfinished {
  readonly #storage: KeyValueStorage | null;
  readonly #key: string;

  constructor(storage: KeyValueStorage | null, key: string) {
    this.#storage = storage;
    this.#key = key;
  }

  list(): UnfinishedGift[] {
    const stored = this.#storage?.getItem(this.#key);
    if (!stored) return [];
    try {
      const gifts: unknown = JSON.parse(stored);
      return Array.isArray(gifts) ? (gifts as UnfinishedGift[]) : [];
    } catch {
      // Another program wrote here; nothing in it can be asked about.
      return [];
    }
  }

  /** @throws GiftwaveError `not_noted`: nothing may be sent that a crash would forget. */
  add(gift: UnfinishedGift): void {
    const others = this.list().filter((known) => known.intent_id !== gift.intent_id);
    try {
      this.#write([...others.slice(1 - UNFINISHED_MAX), gift]);
    } catch (error) {
      throw new GiftwaveError({
        code: 'not_noted',
        message: `The gift was not sent, because this device could not note it first (${String(error)}); free some storage and try again.`,
        retryable: false,
        intent_id: gift.intent_id,
      });
    }
  }

  remove(intentId: string): void {
    const gifts = this.list();
    const kept = gifts.filter((known) => known.intent_id !== intentId);
    if (kept.length < gifts.length) this.#write(kept);
  }

  #write(gifts: UnfinishedGift[]): void {
    this.#storage?.setItem(this.#key, JSON.stringify(gifts));
  }
}
