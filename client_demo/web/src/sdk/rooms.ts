import type { Clock, TimerId } from './environment';
import { GiftwaveError } from './errors';
import type { Batch, ErrorMessage, Gap, Join, Joined, RoomEvent } from './messages';
import { Room } from './room';

export interface RoomsOptions {
  clock: Clock;
  transmit(message: Join): boolean;
  onEvents(room: Room, events: RoomEvent[], resumed: boolean): void;
}

interface Membership {
  room: Room;
  /** A join is on the wire: batches are ignored until its answer, which holds everything they say. */
  joining: boolean;
  retry: TimerId;
  waiting: { resolve(joined: Joined): void; reject(error: GiftwaveError): void }[];
}

const RETRY_DEFAULT_MS = 1_000;

/** The rooms this client wants to be in: joined again after every reconnect and every hole, from where they stopped. */
export class Rooms {
  readonly #memberships = new Map<string, Membership>();
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get(roomId: string): Room | undefined {
    return this.#memberships.get(roomId)?.room;
  }

  /** Resolves at the next `joined`; `resume` asks for the events after an offset that an earlier client applied. */
  join(roomId: string, resume?: { epoch: string; offset: number }): Promise<Joined> {
    const membership = this.#memberships.get(roomId) ?? this.#admit(roomId, resume);
    return new Promise((resolve, reject) => {
      membership.waiting.push({ resolve, reject });
      this.#ask(membership);
    });
  }

  /** True where there was something to leave. */
  leave(roomId: string): boolean {
    return this.#remove(roomId, new GiftwaveError({ code: 'left', message: 'This room was left.', retryable: false }));
  }

  rejoinAll(): void {
    for (const membership of this.#memberships.values()) {
      membership.joining = false;
      this.#ask(membership);
    }
  }

  /** Returns the events that this answer brought and the room did not have. */
  joined(joined: Joined): RoomEvent[] {
    const membership = this.#memberships.get(joined.room);
    if (!membership) return [];
    membership.joining = false;
    const events = membership.room.load(joined);
    for (const { resolve } of membership.waiting.splice(0)) resolve(joined);
    return events;
  }

  batch(batch: Batch): void {
    this.#follow(batch.room, (room) => room.apply(batch));
  }

  gap(gap: Gap): void {
    this.#follow(gap.room, (room) => room.skip(gap));
  }

  /** True where the refusal was about joining. */
  refused(error: ErrorMessage): boolean {
    const membership = error.room === undefined ? undefined : this.#memberships.get(error.room);
    if (!membership?.joining) return false;
    membership.joining = false;
    if (error.retryable) this.#askLater(membership, error.retry_after_ms ?? RETRY_DEFAULT_MS);
    else this.#remove(membership.room.id, new GiftwaveError(error));
    return true;
  }

  failAll(why: string): void {
    const error = new GiftwaveError({ code: 'closed', message: why, retryable: false });
    for (const membership of this.#memberships.values()) {
      for (const { reject } of membership.waiting.splice(0)) reject(error);
    }
  }

  #admit(roomId: string, resume?: { epoch: string; offset: number }): Membership {
    const room = new Room(roomId);
    if (resume) Object.assign(room, resume);
    const membership: Membership = { room, joining: false, retry: null, waiting: [] };
    this.#memberships.set(roomId, membership);
    return membership;
  }

  #ask(membership: Membership): void {
    if (membership.joining) return;
    this.#options.clock.clearTimeout(membership.retry);
    const { room } = membership;
    membership.joining = this.#options.transmit({ type: 'join', room: room.id, ...room.position() });
  }

  #askLater(membership: Membership, delayMs: number): void {
    membership.retry = this.#options.clock.setTimeout(() => this.#ask(membership), delayMs);
  }

  #follow(roomId: string, step: (room: Room) => ReturnType<Room['apply']>): void {
    const membership = this.#memberships.get(roomId);
    if (!membership || membership.joining || membership.room.epoch === null) return;
    const outcome = step(membership.room);
    if (outcome.kind === 'rejoin') this.#ask(membership);
    if (outcome.kind === 'applied') this.#options.onEvents(membership.room, outcome.events, false);
  }

  #remove(roomId: string, error: GiftwaveError): boolean {
    const membership = this.#memberships.get(roomId);
    if (!membership) return false;
    this.#memberships.delete(roomId);
    this.#options.clock.clearTimeout(membership.retry);
    for (const { reject } of membership.waiting) reject(error);
    return true;
  }
}
