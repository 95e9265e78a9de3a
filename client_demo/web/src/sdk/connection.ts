import { Backoff } from './backoff';
import type { Codec } from './codec';
import type { Environment, Socket, TimerId } from './environment';
import { GiftwaveError } from './errors';
import { CLOSE } from './messages';
import type { ClientMessage, ServerMessage, Welcome } from './messages';
import type { Tokens } from './tokens';

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'closed';

export interface StateChange {
  state: ConnectionState;
  /** For people, where there is something to say. */
  reason?: string;
  /** While reconnecting: how long until the next try. */
  retry_in_ms?: number;
  close_code?: number;
}

export interface ConnectionHandlers {
  onState(change: StateChange): void;
  onLive(welcome: Welcome): void;
  onMessage(message: ServerMessage): void;
}

export interface ConnectionOptions {
  url: string;
  codec: Codec;
  tokens: Tokens;
  client_name: string;
  environment: Environment;
}

// The server closes a silent newcomer after 10 s; a server that is silent itself deserves no longer.
const WELCOME_TIMEOUT_MS = 10_000;
// A connection that falls sooner than this did not heal anything, so the backoff keeps growing.
const STABLE_AFTER_MS = 5_000;

const FINAL_WORDS: Readonly<Record<number, string>> = {
  [CLOSE.protocol_error]: 'The server did not understand this client; reload for its current version.',
  [CLOSE.bad_token]: 'The server did not accept this token; open the page with another one.',
  [CLOSE.token_expired]: 'The token has expired; open the page with a fresh one.',
  [CLOSE.hello_timeout]: 'This client did not introduce itself in time; reload to try again.',
  [CLOSE.flood]: 'This client sent too much too fast and was disconnected; wait a minute, then reload.',
};

/** Keeps one WebSocket greeted and alive: token, hello, reconnect. Knows nothing of rooms and gifts. */
export class Connection {
  state: ConnectionState = 'closed';
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #backoff: Backoff;
  #socket: Socket | null = null;
  #timer: TimerId = null;
  #liveSinceMs: number | null = null;
  #byeRetryMs: number | null = null;
  #freshTokenTried = false;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#backoff = new Backoff(options.environment.random);
  }

  open(): void {
    if (this.state !== 'closed') return;
    this.#freshTokenTried = false;
    this.#change({ state: 'connecting' });
    void this.#attempt();
  }

  /** Close for good, for `reason` in words. */
  close(reason = 'Closed by this client.', closeCode?: number): void {
    if (this.state === 'closed') return;
    this.#dropSocket();
    this.#change({ state: 'closed', reason, ...(closeCode === undefined ? {} : { close_code: closeCode }) });
  }

  /** False where there is no live connection; nothing is queued here. */
  send(message: ClientMessage): boolean {
    if (this.state !== 'live' || !this.#socket) return false;
    this.#socket.send(this.#options.codec.encode(message));
    return true;
  }

  /** Give this socket up and connect again: its peer is silent, or the token behind it has expired. */
  restart(reason: string): void {
    if (this.state === 'closed') return;
    this.#dropSocket();
    this.#retry(this.#nextDelayMs(), reason);
  }

  noteBye(retryAfterMs: number): void {
    this.#byeRetryMs = retryAfterMs;
  }

  async #attempt(): Promise<void> {
    let token: string;
    try {
      token = await this.#options.tokens.next();
    } catch (error) {
      this.#tokenFailed(error);
      return;
    }
    if (this.state === 'closed') return;
    this.#openSocket(token);
  }

  #tokenFailed(error: unknown): void {
    if (this.state === 'closed') return;
    const words = error instanceof Error ? error.message : String(error);
    if (error instanceof GiftwaveError && !error.retryable) this.close(words);
    else this.#retry(this.#nextDelayMs(), words);
  }

  #openSocket(token: string): void {
    const { codec, environment, url, client_name: client } = this.#options;
    const socket = new environment.WebSocket(url, [codec.subprotocol]);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(codec.encode({ type: 'hello', token, client }));
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code }) => this.#socketClosed(code);
    // Every error is followed by a close, which is where it is handled; `ws` throws without a listener.
    socket.onerror = () => undefined;
    this.#startTimer(WELCOME_TIMEOUT_MS, () => this.restart('The server did not answer.'));
  }

  #received(data: unknown): void {
    const message = this.#decode(data);
    if (!message) return;
    if (message.type === 'welcome') this.#welcomed(message);
    else this.#handlers.onMessage(message);
  }

  #decode(data: unknown): ServerMessage | null {
    try {
      return this.#options.codec.decode(data);
    } catch (error) {
      this.restart(`The server sent something unreadable (${String(error)}).`);
      return null;
    }
  }

  #welcomed(welcome: Welcome): void {
    this.#stopTimer();
    this.#freshTokenTried = false;
    this.#byeRetryMs = null;
    this.#liveSinceMs = this.#options.environment.clock.nowMs();
    this.#change({ state: 'live' });
    this.#handlers.onLive(welcome);
  }

  #socketClosed(code: number): void {
    this.#dropSocket();
    if (code === CLOSE.token_expired && !this.#freshTokenTried) {
      this.#freshTokenTried = true;
      this.#options.tokens.markExpired();
      this.#retry(0, 'The token expired; asking for a fresh one.');
    } else if (code >= 4000 && code <= 4499) {
      this.close(FINAL_WORDS[code] ?? `The server ended this connection (code ${code}).`, code);
    } else {
      this.#retry(this.#nextDelayMs(), 'The connection was lost.');
    }
  }

  #nextDelayMs(): number {
    const { clock } = this.#options.environment;
    const wasStable = this.#liveSinceMs !== null && clock.nowMs() - this.#liveSinceMs >= STABLE_AFTER_MS;
    if (wasStable) this.#backoff.reset();
    this.#liveSinceMs = null;
    const byeRetryMs = this.#byeRetryMs;
    this.#byeRetryMs = null;
    return byeRetryMs ?? this.#backoff.nextMs();
  }

  #retry(delayMs: number, reason: string): void {
    this.#change({ state: 'reconnecting', reason, retry_in_ms: delayMs });
    this.#startTimer(delayMs, () => void this.#attempt());
  }

  #dropSocket(): void {
    this.#stopTimer();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  #startTimer(delayMs: number, run: () => void): void {
    this.#stopTimer();
    this.#timer = this.#options.environment.clock.setTimeout(run, delayMs);
  }

  #stopTimer(): void {
    this.#options.environment.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #change(change: StateChange): void {
    this.state = change.state;
    this.#handlers.onState(change);
  }
}
