import { Books } from './books';
import type { LimitsView, Payout, Recorded, Topup } from './books_messages';
import { jsonCodec, type Codec } from './codec';
import { Connection, type ConnectionState, type StateChange } from './connection';
import { Emitter } from './emitter';
import { environmentFrom, type Environment, type KeyValueStorage } from './environment';
import { GiftwaveError } from './errors';
import { Http } from './http';
import { newIntentId } from './intent';
import type { Balance, Bye, Earnings, ErrorMessage, Gap, GiftAck, GiftOrder, Joined, RoomEvent, ServerMessage, Welcome } from './messages';
import { Receipts } from './receipts';
import { recoverGifts, type Recovered } from './recovery';
import type { Room } from './room';
import { Rooms } from './rooms';
import { Sends } from './sends';
import { Tokens, type TokenProvider } from './tokens';
import { Unfinished, type UnfinishedGift } from './unfinished';

export interface ClientOptions extends Partial<Environment> {
  /** Where the server is: `https://gifts.example`, or the same with `wss:`. */
  url: string;
  token: TokenProvider;
  /** Name and version of the program, for the server's logs; at most 64 characters. */
  client_name?: string;
  codec?: Codec;
  /** Where gifts are noted before they are sent, so that a reload can ask what became of them. */
  storage?: KeyValueStorage;
  /** One key per person: two people on one device must not ask about each other's gifts. */
  storage_key?: string;
  send_deadline_ms?: number;
  reply_timeout_ms?: number;
}

export interface ClientEvents {
  welcome: Welcome;
  joined: { room: Room; joined: Joined };
  /** Events just applied, in order; `resumed` ones happened before this (re)join. */
  batch: { room: Room; events: RoomEvent[]; resumed: boolean };
  event: { room: Room; event: RoomEvent; resumed: boolean };
  wallet: Balance;
  earnings: Earnings;
  recorded: Recorded;
  topup: Topup;
  limits: LimitsView;
  payout: Payout;
  gap: Gap;
  error: GiftwaveError;
  state: StateChange;
  bye: Bye;
}

const SEND_DEADLINE_MS = 60_000;
// Twice the server's own deadline for its store; past it the socket is dead, not slow.
const REPLY_TIMEOUT_MS = 10_000;

/** Speaks `giftwave.v1` for one person: follows rooms, sends gifts that are charged once, survives lost connections. */
export class GiftwaveClient {
  wallet: Balance | null = null;
  user: Welcome['user'] | null = null;
  limits: Welcome['limits'] | null = null;
  /** Buying, limits, statements and payouts. */
  readonly books: Books;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #environment: Environment;
  readonly #connection: Connection;
  readonly #rooms: Rooms;
  readonly #sends: Sends;
  readonly #unfinished: Unfinished;
  readonly #receipts: Receipts;
  readonly #tokens: Tokens;
  #welcome: Welcome | null = null;
  #clockSkewMs = 0;
  #closeReason = '';

  constructor(options: ClientOptions) {
    const environment = (this.#environment = environmentFrom(options));
    const { clock } = environment;
    const tokens = (this.#tokens = new Tokens(options.token));
    const addresses = addressesOf(options.url);
    this.#unfinished = new Unfinished(options.storage ?? null, options.storage_key ?? 'giftwave.unfinished');
    this.books = new Books(new Http(addresses.http, tokens, environment.fetch), () => newIntentId(this.serverNowMs()));
    this.#receipts = new Receipts(addresses.http, tokens, environment);
    this.#connection = new Connection(
      { url: addresses.socket, codec: options.codec ?? jsonCodec, tokens, client_name: options.client_name ?? 'giftwave-ts', environment },
      { onState: (change) => this.#stateChanged(change), onLive: (welcome) => this.#live(welcome), onMessage: (message) => this.#received(message) },
    );
    this.#rooms = new Rooms({ clock, transmit: (join) => this.#connection.send(join), onEvents: (...applied) => this.#applied(...applied) });
    this.#sends = new Sends({
      clock,
      deadline_ms: options.send_deadline_ms ?? SEND_DEADLINE_MS,
      reply_timeout_ms: options.reply_timeout_ms ?? REPLY_TIMEOUT_MS,
      transmit: (message) => this.#connection.send(message),
      onDecided: (intentId) => this.#unfinished.remove(intentId),
      onSilence: () => this.#connection.restart('The server stopped answering.'),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Returns the function that stops listening. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (value: ClientEvents[Type]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  /** Resolves at the first welcome, however many tries it takes; rejects where the server says that trying is pointless. */
  connect(): Promise<Welcome> {
    if (this.state === 'live' && this.#welcome) return Promise.resolve(this.#welcome);
    const welcomed = new Promise<Welcome>((resolve, reject) => {
      const stops = [
        this.on('welcome', (welcome) => settle(() => resolve(welcome))),
        this.on('state', ({ state, reason }) => {
          if (state === 'closed') settle(() => reject(closedError(reason ?? 'The connection was closed.')));
        }),
      ];
      const settle = (finish: () => void): void => {
        for (const stop of stops) stop();
        finish();
      };
    });
    this.#connection.open();
    return welcomed;
  }

  /** Follow a room, also over reconnects, until `leave`. */
  join(room: string, resume?: { epoch: string; offset: number }): Promise<Joined> {
    return this.#rooms.join(room, resume);
  }

  leave(room: string): void {
    if (this.#rooms.leave(room)) this.#connection.send({ type: 'leave', room });
  }

  room(room: string): Room | undefined {
    return this.#rooms.get(room);
  }

  /**
   * Send a gift; charged at most once however often it has to be repeated on the way.
   * @throws GiftwaveError the server's refusal (nothing charged), or `outcome_unknown`: ask `receipt` before sending another.
   */
  sendGift(order: GiftOrder): Promise<GiftAck> {
    // The server compares the intent's time with its own clock, so a device whose clock is wrong must not date it.
    const madeAtMs = this.serverNowMs();
    return this.#send({ intent_id: newIntentId(madeAtMs), order: { ...order }, made_at_ms: madeAtMs });
  }

  receipt(intentId: string): Promise<GiftAck> {
    return this.#receipts.receipt(intentId);
  }

  /** Gifts that an earlier life of this client noted and whose outcome nobody has seen. */
  unfinished(): UnfinishedGift[] {
    return this.#unfinished.list().filter(({ intent_id }) => !this.#sends.has(intent_id));
  }

  /** Ask for the receipt of each unfinished gift. Undecided ones stay listed until `resend` or `drop`. */
  recover(): Promise<Recovered[]> {
    return recoverGifts(this.unfinished(), {
      clock: this.#environment.clock,
      serverNowMs: () => this.serverNowMs(),
      receipt: (intentId) => this.receipt(intentId),
      onDecided: (intentId) => this.#unfinished.remove(intentId),
    });
  }

  /** Send an unfinished gift again under its own intent: if it was charged after all, this answers its receipt. */
  async resend(intentId: string): Promise<GiftAck> {
    const gift = this.unfinished().find(({ intent_id }) => intent_id === intentId);
    if (!gift) throw new GiftwaveError({ code: 'unknown_intent', message: 'This gift is not among the unfinished ones.', retryable: false });
    return this.#send(gift, true);
  }

  drop(intentId: string): void {
    this.#unfinished.remove(intentId);
  }

  /** The server's clock as far as this client can tell. */
  serverNowMs(): number {
    return this.#environment.clock.nowMs() + this.#clockSkewMs;
  }

  close(): void {
    this.#connection.close();
  }

  async #send(gift: UnfinishedGift, mayBeCharged = false): Promise<GiftAck> {
    if (this.state === 'closed') throw closedError(this.#closeReason || 'Call connect() before sending gifts.');
    this.#unfinished.add(gift);
    return this.#sends.send(gift, mayBeCharged);
  }

  #stateChanged(change: StateChange): void {
    if (change.state === 'reconnecting') this.#sends.pauseAll();
    if (change.state === 'closed') {
      this.#closeReason = change.reason ?? '';
      this.#sends.failAll('The connection was closed');
      this.#rooms.failAll(this.#closeReason);
    }
    this.#emitter.emit('state', change);
  }

  #live(welcome: Welcome): void {
    this.#welcome = welcome;
    this.user = welcome.user;
    this.limits = welcome.limits;
    this.#clockSkewMs = welcome.server_time_ms - this.#environment.clock.nowMs();
    this.#keepNewest(welcome.wallet);
    this.#emitter.emit('welcome', welcome);
    this.#rooms.rejoinAll();
    this.#sends.resendAll();
  }

  #received(message: ServerMessage): void {
    switch (message.type) {
      case 'batch':
        return this.#rooms.batch(message);
      case 'gift.ack':
        this.#keepNewest(message.balance);
        return this.#sends.acked(message);
      case 'joined':
        return this.#joined(message);
      case 'wallet':
        return this.#keepNewest(message);
      case 'earnings':
        return this.#emitter.emit('earnings', message);
      case 'recorded':
        return this.#emitter.emit('recorded', message);
      case 'topup':
        return this.#emitter.emit('topup', message);
      case 'limits':
        return this.#emitter.emit('limits', message);
      case 'payout':
        return this.#emitter.emit('payout', message);
      case 'gap':
        this.#rooms.gap(message);
        return this.#emitter.emit('gap', message);
      case 'error':
        return this.#refused(message);
      case 'bye':
        this.#connection.noteBye(message.retry_after_ms);
        return this.#emitter.emit('bye', message);
    }
  }

  #joined(joined: Joined): void {
    const room = this.#rooms.get(joined.room);
    if (!room) return;
    const events = this.#rooms.joined(joined);
    this.#emitter.emit('joined', { room, joined });
    this.#applied(room, events, true);
  }

  #applied(room: Room, events: RoomEvent[], resumed: boolean): void {
    this.#emitter.emit('batch', { room, events, resumed });
    for (const event of events) this.#emitter.emit('event', { room, event, resumed });
  }

  #refused(error: ErrorMessage): void {
    if (error.code === 'token_expired' && this.state === 'live') {
      if (error.intent_id !== undefined) this.#sends.hold(error.intent_id);
      this.#tokens.markExpired();
      this.#connection.restart('The token expired; asking for a fresh one.');
      return;
    }
    const wasAwaited = this.#sends.refused(error) || this.#rooms.refused(error);
    if (!wasAwaited) this.#emitter.emit('error', new GiftwaveError(error));
  }

  #keepNewest({ paid, promo, coins, rev, spent }: Balance): void {
    if (this.wallet && this.wallet.rev >= rev) return;
    // Left out where only the coins changed.
    const known = spent ?? this.wallet?.spent;
    this.wallet = { paid, promo, coins, rev, ...(known ? { spent: known } : {}) };
    this.#emitter.emit('wallet', this.wallet);
  }
}

function closedError(reason: string): GiftwaveError {
  return new GiftwaveError({ code: 'closed', message: reason, retryable: false });
}

function addressesOf(url: string): { http: string; socket: string } {
  const base = url.replace(/\/+$/, '').replace(/^ws/, 'http');
  return { http: base, socket: `${base.replace(/^http/, 'ws')}/v1/ws` };
}
