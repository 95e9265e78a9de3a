import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { msgpackCodec, type GiftSend, type GiftwaveClient, type StateChange } from '../src/sdk';
import { ack, batch, clientOf, eventually, gift, joined, memoryStorage, Peer, welcome } from './peer';

const ORDER = { room: 'lounge', gift: 'rose', count: 1, max_coins: 1 };

let peer: Peer;
const clients: GiftwaveClient[] = [];

function client(options: Parameters<typeof clientOf>[1] = {}): GiftwaveClient {
  const made = clientOf(peer, options);
  clients.push(made);
  return made;
}

const sendsSeen = (): GiftSend[] => peer.connections.flatMap((connection) => connection.of('gift.send'));

beforeEach(async () => {
  peer = await Peer.start();
});

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await peer.stop();
});

describe('connecting', () => {
  it('says hello with the token of the provider and becomes live', async () => {
    const one = client();

    const greeting = await one.connect();

    expect(greeting.user.name).toBe('Ana');
    expect(peer.last.of('hello')[0]).toMatchObject({ token: 'token-1' });
    expect([one.state, one.wallet?.coins]).toEqual(['live', 500]);
  });

  it('keeps trying until there is a server', async () => {
    peer.onHello = (_hello, connection) => (peer.connections.length < 3 ? connection.cut() : connection.say(welcome()));

    await client().connect();

    expect(peer.connections).toHaveLength(3);
  });

  it.each([4000, 4001, 4003, 4004, 4499])('stays closed after close code %i', async (code) => {
    peer.onHello = (_hello, connection) => connection.close(code);
    const one = client();

    await expect(one.connect()).rejects.toMatchObject({ code: 'closed' });

    expect([one.state, peer.connections.length]).toEqual(['closed', 1]);
  });

  it.each([1009, 1011, 4500, 4501, 4502])('reconnects after close code %i', async (code) => {
    const one = client();
    await one.connect();

    peer.last.close(code);

    await eventually(() => peer.connections.length === 2 && one.state === 'live');
  });

  it('waits as long as bye asks', async () => {
    const one = client();
    const changes: StateChange[] = [];
    one.on('state', (change) => changes.push(change));
    await one.connect();

    peer.last.say({ type: 'bye', reason: 'restarting', retry_after_ms: 120 });
    peer.last.close(4500);

    await eventually(() => peer.connections.length === 2);
    expect(changes.find(({ state }) => state === 'reconnecting')?.retry_in_ms).toBe(120);
  });

  it('asks for a fresh token once after token_expired', async () => {
    const hints: boolean[] = [];
    const token = ({ expired }: { expired: boolean }): Promise<string> => {
      hints.push(expired);
      return Promise.resolve(expired ? 'fresh' : 'stale');
    };
    peer.onHello = (hello, connection) => (hello.type === 'hello' && hello.token === 'fresh' ? connection.say(welcome()) : connection.close(4002));

    await client({ token }).connect();

    expect(hints).toEqual([false, true]);
  });

  it('gives up when the fresh token has expired too', async () => {
    peer.onHello = (_hello, connection) => connection.close(4002);

    await expect(client().connect()).rejects.toThrow(/expired/);

    expect(peer.connections).toHaveLength(2);
  });

  it('ignores messages and fields it does not know', async () => {
    const one = client();
    await one.connect();

    peer.last.say({ type: 'from.the.future', wonder: 1 } as never);
    peer.last.say({ type: 'wallet', paid: 0, promo: 7, coins: 7, rev: 9, wonder: 1 } as never);

    await eventually(() => one.wallet?.coins === 7);
  });
});

describe('rooms', () => {
  it('rejoins at a hole from the last applied offset and misses nothing', async () => {
    const offsets: number[] = [];
    const one = client();
    one.on('event', ({ event }) => offsets.push(event.offset));
    peer.onMessage = (message, connection) => {
      if (message.type !== 'join') return;
      const resumes = message.offset === 1;
      connection.say(resumes ? joined({ recovered: true, offset: 4, events: [gift(2), gift(3), gift(4)] }) : joined());
    };
    await one.connect();
    await one.join('lounge');

    for (const offset of [1, 3, 4, 5]) peer.last.say(batch([gift(offset)]));
    await eventually(() => offsets.length >= 4);
    peer.last.say(batch([gift(5)]));

    await eventually(() => offsets.length === 5);
    expect(offsets).toEqual([1, 2, 3, 4, 5]);
    expect(peer.last.of('join').map(({ offset }) => offset)).toEqual([undefined, 1]);
  });

  it('resumes every room with epoch and offset after a reconnect', async () => {
    peer.onMessage = (message, connection) => {
      if (message.type === 'join') connection.say(joined({ room: message.room, offset: message.room === 'lounge' ? 41 : 7, recovered: message.offset !== undefined }));
    };
    const one = client();
    await one.connect();
    await Promise.all([one.join('lounge'), one.join('attic')]);

    peer.last.cut();

    await eventually(() => peer.connections.length === 2 && peer.last.of('join').length === 2);
    expect(peer.last.of('join')).toEqual([
      { type: 'join', room: 'lounge', epoch: 'epoch-1', offset: 41 },
      { type: 'join', room: 'attic', epoch: 'epoch-1', offset: 7 },
    ]);
  });

  it('rejects a join that the server refuses, and does not ask again after a reconnect', async () => {
    peer.onMessage = (message, connection) => {
      if (message.type === 'join') connection.say({ type: 'error', code: 'unknown_room', message: 'There is no such room.', retryable: false, room: message.room });
    };
    const one = client();
    await one.connect();

    await expect(one.join('nowhere')).rejects.toMatchObject({ code: 'unknown_room' });

    expect(one.room('nowhere')).toBeUndefined();
  });
});

describe('sending', () => {
  it('resolves with the acknowledgement and keeps the newest balance', async () => {
    peer.onMessage = (message, connection) => {
      if (message.type !== 'gift.send') return;
      connection.say({ type: 'wallet', paid: 0, promo: 490, coins: 490, rev: 5 });
      connection.say(ack(message));
    };
    const one = client();
    await one.connect();

    const receipt = await one.sendGift(ORDER);

    expect(receipt.event_id).toBe('event-1');
    expect(one.wallet?.rev).toBe(5);
  });

  it('keeps one intent over reconnects and retryable refusals', async () => {
    peer.onMessage = (message, connection) => {
      if (message.type !== 'gift.send') return;
      const tries = sendsSeen().length;
      if (tries === 1) connection.cut();
      else if (tries === 2) connection.say({ type: 'error', code: 'overloaded', message: 'Busy.', retryable: true, intent_id: message.intent_id, retry_after_ms: 20 });
      else connection.say(ack(message));
    };
    const one = client();
    await one.connect();

    await one.sendGift(ORDER);

    expect(sendsSeen()).toHaveLength(3);
    expect(new Set(sendsSeen().map((send) => JSON.stringify(send))).size).toBe(1);
  });

  it('rejects with the words of a final refusal', async () => {
    peer.onMessage = (message, connection) => {
      if (message.type === 'gift.send') connection.say({ type: 'error', code: 'insufficient_coins', message: 'You have 3 coins.', retryable: false, intent_id: message.intent_id });
    };
    const one = client();
    await one.connect();

    await expect(one.sendGift(ORDER)).rejects.toMatchObject({ code: 'insufficient_coins', message: 'You have 3 coins.' });
  });

  it('gets a fresh token and sends again when a gift meets an expired one', async () => {
    const token = ({ expired }: { expired: boolean }): Promise<string> => Promise.resolve(expired ? 'fresh' : 'stale');
    peer.onMessage = (message, connection) => {
      if (message.type !== 'gift.send') return;
      const isFresh = connection.of('hello')[0]?.token === 'fresh';
      connection.say(isFresh ? ack(message) : { type: 'error', code: 'token_expired', message: 'Expired.', retryable: false, intent_id: message.intent_id });
    };
    const one = client({ token });
    await one.connect();

    await one.sendGift(ORDER);

    expect(new Set(sendsSeen().map(({ intent_id }) => intent_id)).size).toBe(1);
    expect(peer.connections).toHaveLength(2);
  });

  it('says that the outcome is unknown at the deadline, and keeps the note', async () => {
    const one = client({ storage: memoryStorage(), send_deadline_ms: 60 });
    await one.connect();

    await expect(one.sendGift(ORDER)).rejects.toMatchObject({ code: 'outcome_unknown', message: expect.stringContaining('receipt') as unknown });

    expect(one.unfinished()).toHaveLength(1);
  });

  it('takes a silent server for a dead connection and sends again', async () => {
    peer.onMessage = (message, connection) => {
      if (message.type === 'gift.send' && peer.connections.length === 2) connection.say(ack(message));
    };
    const one = client({ reply_timeout_ms: 50 });
    await one.connect();

    await one.sendGift(ORDER);

    expect(sendsSeen()).toHaveLength(2);
  });
});

describe('after a crash', () => {
  async function crashedStorage(): Promise<ReturnType<typeof memoryStorage>> {
    const storage = memoryStorage();
    const crashed = client({ storage, storage_key: 'gifts' });
    await crashed.connect();
    const noted = new Promise<void>((resolve) => {
      peer.onMessage = (message) => {
        // The note must be there by the time the server can have seen the gift.
        if (message.type === 'gift.send' && storage.getItem('gifts')?.includes(message.intent_id)) resolve();
      };
    });
    void crashed.sendGift(ORDER).catch(() => undefined);
    await noted;
    return storage;
  }

  it('lists the gift and resolves it with its receipt', async () => {
    const storage = await crashedStorage();
    const [send] = sendsSeen();
    peer.onHttp = (request, response) => {
      const isRight = request.url === `/v1/gifts/${send?.intent_id}` && request.headers.authorization === 'Bearer token-1';
      response.writeHead(isRight ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(send && ack(send, { replayed: true })));
    };
    const reloaded = client({ storage, storage_key: 'gifts' });

    const unfinished = reloaded.unfinished();
    const recovered = await reloaded.recover();

    expect(unfinished).toMatchObject([{ intent_id: send?.intent_id, order: ORDER }]);
    expect(recovered).toMatchObject([{ outcome: 'charged', receipt: { event_id: 'event-1' } }]);
    expect(reloaded.unfinished()).toEqual([]);
  });

  it('keeps an undecided gift until it is sent again under its own intent', async () => {
    const storage = await crashedStorage();
    peer.onHttp = (_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'unknown_intent', message: 'Never decided.', retryable: false } }));
    };
    const reloaded = client({ storage, storage_key: 'gifts' });

    const [recovered] = await reloaded.recover();
    peer.onMessage = (message, connection) => message.type === 'gift.send' && connection.say(ack(message));
    await reloaded.connect();
    await reloaded.resend(recovered?.intent_id ?? '');

    expect(recovered?.outcome).toBe('undecided');
    expect(new Set(sendsSeen().map(({ intent_id }) => intent_id)).size).toBe(1);
    expect(reloaded.unfinished()).toEqual([]);
  });

  it('leaves the note where the server cannot be asked', async () => {
    const storage = await crashedStorage();
    peer.onHttp = (_request, response) => response.writeHead(502).end('bad gateway');
    const reloaded = client({ storage, storage_key: 'gifts' });

    const recovered = await reloaded.recover();

    expect(recovered).toMatchObject([{ outcome: 'unreachable' }]);
    expect(reloaded.unfinished()).toHaveLength(1);
  });
});

describe('the msgpack subprotocol', () => {
  it('carries the same conversation', async () => {
    await peer.stop();
    peer = await Peer.start(msgpackCodec);
    peer.onMessage = (message, connection) => message.type === 'gift.send' && connection.say(ack(message));
    const one = client({ codec: msgpackCodec });

    await one.connect();
    const receipt = await one.sendGift({ ...ORDER, count: 9_999, max_coins: 2 ** 53 - 1 });

    expect(receipt.count).toBe(9_999);
    expect(sendsSeen()[0]?.max_coins).toBe(2 ** 53 - 1);
  });
});
