import type { Batch, Combo, Fan, Gap, GiftEvent, Joined, RoomEvent, Sender, Snapshot, Totals } from './messages';

const COMBOS_MAX = 256;
const FANS_MAX = 1_000;

export interface RoomCombo extends Combo {
  gift: string;
  sender: Sender;
}

/** What a batch or gap did: its fresh events, nothing new, or proof that something is missing. */
export type Outcome = { kind: 'applied'; events: RoomEvent[] } | { kind: 'ignored' } | { kind: 'rejoin' };

const IGNORED: Outcome = { kind: 'ignored' };
const REJOIN: Outcome = { kind: 'rejoin' };

/** One room as this client knows it: events applied once each, in offset order. */
export class Room {
  readonly id: string;
  epoch: string | null = null;
  offset = 0;
  title = '';
  creator: Snapshot['creator'] | null = null;
  state: Snapshot['state'] = 'open';
  totals: Totals = { coins: 0, gifts: 0, fans: 0 };
  readonly combos = new Map<string, RoomCombo>();
  readonly #fans = new Map<string, Fan>();

  constructor(id: string) {
    this.id = id;
  }

  /** Where to resume, or null before the first `joined`. */
  position(): { epoch: string; offset: number } | null {
    return this.epoch === null ? null : { epoch: this.epoch, offset: this.offset };
  }

  /** Take the answer to a join; returns the events that are new here (none where the snapshot replaced what was missed). */
  load(joined: Joined): RoomEvent[] {
    const resumed = joined.recovered && joined.epoch === this.epoch;
    if (!resumed) this.#forget();
    const startsAt = resumed ? this.offset : 0;
    const events = joined.recovered ? this.#applyFresh(joined.events, startsAt) : [];
    this.epoch = joined.epoch;
    this.offset = joined.offset;
    this.#show(joined.snapshot);
    return events;
  }

  apply(batch: Batch): Outcome {
    if (batch.epoch !== this.epoch || batch.from > this.offset + 1) return REJOIN;
    if (batch.to <= this.offset) return IGNORED;
    const events = this.#applyFresh(batch.events, this.offset);
    this.offset = batch.to;
    this.totals = batch.totals;
    return { kind: 'applied', events };
  }

  /** The server says that these offsets will not come; anything else missing is a hole. */
  skip(gap: Gap): Outcome {
    if (gap.epoch !== this.epoch || gap.from > this.offset + 1) return REJOIN;
    if (gap.to <= this.offset) return IGNORED;
    this.offset = gap.to;
    return { kind: 'applied', events: [] };
  }

  /** Most coins first; equal coins by id, so that every screen shows the same order. */
  topFans(fansMax: number): Fan[] {
    return [...this.#fans.values()].sort(byCoinsThenId).slice(0, fansMax);
  }

  #applyFresh(events: RoomEvent[], above: number): RoomEvent[] {
    const fresh = events.filter((event) => event.offset > above).sort((a, b) => a.offset - b.offset);
    for (const event of fresh) this.#applyOne(event);
    return fresh;
  }

  #applyOne(event: RoomEvent): void {
    // An unknown event type still holds its offset; clients ignore what they do not know.
    if (event.type === 'room.closed') this.state = 'closed';
    if (event.type !== 'gift') return;
    if (event.combo) this.#grow(event.combo, event);
    if (event.sender.id !== undefined && event.fan_coins !== undefined) {
      this.#rank({ ...event.sender, id: event.sender.id, coins: event.fan_coins });
    }
  }

  #grow(combo: Combo, event: GiftEvent): void {
    const known = this.combos.get(combo.id);
    if (known && known.rev >= combo.rev) return;
    // Deleting first keeps the map in order of last growth, so the first key is the one to drop.
    this.combos.delete(combo.id);
    this.combos.set(combo.id, { ...combo, gift: event.gift, sender: event.sender });
    if (this.combos.size > COMBOS_MAX) dropFirst(this.combos);
  }

  #rank(fan: Fan): void {
    this.#fans.set(fan.id, fan);
    if (this.#fans.size <= FANS_MAX) return;
    // `fan_coins` is a running total, so a fan dropped here comes back with the right sum at the next gift.
    for (const dropped of [...this.#fans.values()].sort(byCoinsThenId).slice(FANS_MAX / 2)) this.#fans.delete(dropped.id);
  }

  #show(snapshot: Snapshot): void {
    this.title = snapshot.title;
    this.creator = snapshot.creator;
    this.state = snapshot.state;
    this.totals = snapshot.totals;
    for (const fan of snapshot.top_fans) this.#rank(fan);
  }

  #forget(): void {
    this.combos.clear();
    this.#fans.clear();
  }
}

function byCoinsThenId(a: Fan, b: Fan): number {
  return b.coins - a.coins || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function dropFirst<Key>(map: Map<Key, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
