import type { Clock, TimerId } from './environment';
import { GiftwaveError, outcomeUnknown } from './errors';
import type { ErrorMessage, GiftAck, GiftSend } from './messages';
import type { UnfinishedGift } from './unfinished';

export interface SendsOptions {
  clock: Clock;
  deadline_ms: number;
  reply_timeout_ms: number;
  /** Put the message on the wire; false where the connection is not live. */
  transmit(message: GiftSend): boolean;
  /** Called once the outcome is known, so that the note about the gift can go. */
  onDecided(intentId: string): void;
  /** The server owes an answer for too long: the connection is dead although nobody said so. */
  onSilence(): void;
}

interface Pending {
  message: GiftSend;
  resolve(ack: GiftAck): void;
  reject(error: GiftwaveError): void;
  wasSent: boolean;
  deadline: TimerId;
  reply: TimerId;
  retry: TimerId;
}

const RETRY_DEFAULT_MS = 500;

/** Gifts on their way: each keeps its intent over reconnects and retryable refusals, until an answer or the deadline. */
export class Sends {
  readonly #pending = new Map<string, Pending>();
  readonly #options: SendsOptions;

  constructor(options: SendsOptions) {
    this.#options = options;
  }

  has(intentId: string): boolean {
    return this.#pending.has(intentId);
  }

  /** @param mayBeCharged An earlier life of this client may have sent the same intent, so silence now proves nothing. */
  send({ intent_id, order }: UnfinishedGift, mayBeCharged = false): Promise<GiftAck> {
    const { clock, deadline_ms } = this.#options;
    return new Promise((resolve, reject) => {
      const deadline = clock.setTimeout(() => this.#expire(intent_id), deadline_ms);
      const message: GiftSend = { type: 'gift.send', intent_id, ...order };
      const pending = { message, resolve, reject, wasSent: mayBeCharged, deadline, reply: null, retry: null };
      this.#pending.set(intent_id, pending);
      this.#transmit(pending);
    });
  }

  resendAll(): void {
    for (const pending of this.#pending.values()) {
      this.#stop(pending);
      this.#transmit(pending);
    }
  }

  /** The connection is gone: nobody owes an answer until the next one is live. */
  pauseAll(): void {
    for (const pending of this.#pending.values()) this.#stop(pending);
  }

  acked(ack: GiftAck): void {
    const pending = this.#take(ack.intent_id);
    if (!pending) return;
    this.#options.onDecided(ack.intent_id);
    pending.resolve(ack);
  }

  /** True where the refusal belongs to one of these gifts. */
  refused(error: ErrorMessage): boolean {
    const pending = error.intent_id === undefined ? undefined : this.#pending.get(error.intent_id);
    if (!pending || error.intent_id === undefined) return false;
    if (error.retryable) {
      this.#retryLater(pending, error.retry_after_ms ?? RETRY_DEFAULT_MS);
    } else {
      this.#take(error.intent_id);
      this.#options.onDecided(error.intent_id);
      pending.reject(new GiftwaveError(error));
    }
    return true;
  }

  /** The token of this gift's connection expired, which decides nothing: it waits for the next connection. */
  hold(intentId: string): void {
    const pending = this.#pending.get(intentId);
    if (pending) this.#stop(pending);
  }

  /** The connection ended for good. */
  failAll(why: string): void {
    for (const intentId of [...this.#pending.keys()]) this.#fail(intentId, why);
  }

  #transmit(pending: Pending): void {
    const { clock, reply_timeout_ms, transmit, onSilence } = this.#options;
    if (!transmit(pending.message)) return;
    pending.wasSent = true;
    pending.reply = clock.setTimeout(onSilence, reply_timeout_ms);
  }

  #retryLater(pending: Pending, delayMs: number): void {
    this.#stop(pending);
    pending.retry = this.#options.clock.setTimeout(() => this.#transmit(pending), delayMs);
  }

  #expire(intentId: string): void {
    this.#fail(intentId, `No answer came within ${Math.round(this.#options.deadline_ms / 1000)} s`);
  }

  #fail(intentId: string, why: string): void {
    const pending = this.#take(intentId);
    if (!pending) return;
    if (pending.wasSent) {
      pending.reject(outcomeUnknown(intentId, why));
      return;
    }
    this.#options.onDecided(intentId);
    const message = `${why}; the gift was not sent and nothing was charged.`;
    pending.reject(new GiftwaveError({ code: 'not_sent', message, retryable: false, intent_id: intentId }));
  }

  #take(intentId: string): Pending | undefined {
    const pending = this.#pending.get(intentId);
    if (!pending) return undefined;
    this.#stop(pending);
    this.#options.clock.clearTimeout(pending.deadline);
    this.#pending.delete(intentId);
    return pending;
  }

  #stop(pending: Pending): void {
    this.#options.clock.clearTimeout(pending.reply);
    this.#options.clock.clearTimeout(pending.retry);
    pending.reply = pending.retry = null;
  }
}
