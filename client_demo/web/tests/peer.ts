import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { GiftwaveClient, jsonCodec, type ClientMessage, type ClientOptions, type Codec, type ServerMessage, type SocketConstructor } from '../src/sdk';
import type { Batch, GiftAck, GiftEvent, GiftSend, Joined, Welcome } from '../src/sdk';

type Say = (message: ServerMessage) => void;

/** One accepted connection, seen from the server's side. */
export class PeerConnection {
  readonly received: ClientMessage[] = [];
  readonly #socket: WebSocket;
  readonly #codec: Codec;

  constructor(socket: WebSocket, codec: Codec, onMessage: (message: ClientMessage, connection: PeerConnection) => void) {
    this.#socket = socket;
    this.#codec = codec;
    socket.on('message', (data: Buffer, isBinary) => {
      const message = codec.decode(isBinary ? new Uint8Array(data) : data.toString()) as unknown as ClientMessage;
      this.received.push(message);
      onMessage(message, this);
    });
  }

  say: Say = (message) => {
    // The codec encodes maps; which side's they are makes no difference to it.
    this.#socket.send(this.#codec.encode(message as unknown as ClientMessage));
  };

  close(code: number): void {
    this.#socket.close(code);
  }

  /** As a pulled cable: no close frame. */
  cut(): void {
    this.#socket.terminate();
  }

  of<Type extends ClientMessage['type']>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    return this.received.filter((message) => message.type === type) as Extract<ClientMessage, { type: Type }>[];
  }
}

type Handler = (message: ClientMessage, connection: PeerConnection) => void;

/** A server of a few lines on a real socket: greets, and leaves the rest to the test. */
export class Peer {
  readonly connections: PeerConnection[] = [];
  /** What the test answers; `hello` and `join` have usable answers without it. */
  onMessage: Handler = () => undefined;
  onHello: Handler = (_message, connection) => connection.say(welcome());
  onHttp: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.writeHead(404).end();
  readonly #http: Server;
  readonly #sockets: WebSocketServer;

  private constructor(codec: Codec) {
    this.#http = createServer((request, response) => this.onHttp(request, response));
    this.#sockets = new WebSocketServer({ server: this.#http, path: '/v1/ws', handleProtocols: () => codec.subprotocol });
    this.#sockets.on('connection', (socket) => {
      this.connections.push(new PeerConnection(socket, codec, (message, connection) => this.#dispatch(message, connection)));
    });
  }

  /** @param port 0 is any that is free. */
  static async start(codec: Codec = jsonCodec, port = 0): Promise<Peer> {
    const peer = new Peer(codec);
    await new Promise<void>((resolve) => peer.#http.listen(port, '127.0.0.1', resolve));
    return peer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get last(): PeerConnection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('Nobody connected yet.');
    return connection;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #dispatch(message: ClientMessage, connection: PeerConnection): void {
    if (message.type === 'hello') this.onHello(message, connection);
    else this.onMessage(message, connection);
  }
}

export function clientOf(peer: Peer, options: Partial<ClientOptions> = {}): GiftwaveClient {
  return new GiftwaveClient({
    url: peer.url,
    token: () => Promise.resolve('token-1'),
    WebSocket: WebSocket as unknown as SocketConstructor,
    // A tenth of each backoff keeps the real clock and the tests quick.
    random: () => 0.1,
    ...options,
  });
}

/** Wait until `check` is true. A deadline, not a sleep: it returns at once when the claim holds. */
export async function eventually(check: () => boolean, deadlineMs = 3_000): Promise<void> {
  const endsAt = Date.now() + deadlineMs;
  while (!check()) {
    if (Date.now() > endsAt) throw new Error(`Never became true: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function welcome(fields: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome',
    user: { id: 'u_ana', name: 'Ana', role: 'viewer' },
    server_time_ms: Date.now(),
    wallet: { paid: 0, promo: 500, coins: 500, rev: 1 },
    catalogue_revision: '5c1d0f6a9b2e4d77',
    limits: { frame_bytes_max: 4096, count_max: 9999, message_chars_max: 120, messages_per_s: 20, intent_window_ms: 900_000, combo_gap_ms: 3_000 },
    ...fields,
  };
}

export function joined(fields: Partial<Joined> = {}): Joined {
  return {
    type: 'joined',
    room: 'lounge',
    epoch: 'epoch-1',
    offset: 0,
    recovered: false,
    snapshot: {
      title: 'Late night piano',
      creator: { id: 'c_mira', name: 'Mira' },
      state: 'open',
      totals: { coins: 0, gifts: 0, fans: 0 },
      top_fans: [],
      recent: [],
    },
    events: [],
    ...fields,
  };
}

export function gift(offset: number, fields: Partial<GiftEvent> = {}): GiftEvent {
  return {
    offset,
    id: `event-${offset}`,
    type: 'gift',
    ts_ms: 1_780_000_000_000 + offset,
    sender: { id: 'u_ana', name: 'Ana' },
    gift: 'rose',
    count: 1,
    coins: 1,
    fan_coins: offset,
    ...fields,
  };
}

export function batch(events: GiftEvent[], fields: Partial<Batch> = {}): Batch {
  const offsets = events.map(({ offset }) => offset);
  return {
    type: 'batch',
    room: 'lounge',
    epoch: 'epoch-1',
    from: Math.min(...offsets),
    to: Math.max(...offsets),
    events,
    totals: { coins: Math.max(...offsets), gifts: Math.max(...offsets), fans: 1 },
    ...fields,
  };
}

export function ack(send: GiftSend, fields: Partial<GiftAck> = {}): GiftAck {
  return {
    type: 'gift.ack',
    intent_id: send.intent_id,
    event_id: 'event-1',
    room: send.room,
    epoch: 'epoch-1',
    offset: 1,
    gift: send.gift,
    count: send.count,
    coins: send.count,
    balance: { paid: 0, promo: 499, coins: 499, rev: 2 },
    ts_ms: 1_780_000_000_001,
    ...fields,
  };
}

/** A storage that outlives clients, as localStorage outlives pages. */
export function memoryStorage(): { getItem(key: string): string | null; setItem(key: string, value: string): void } {
  const values = new Map<string, string>();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => void values.set(key, value) };
}
