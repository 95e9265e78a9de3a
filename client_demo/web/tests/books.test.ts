import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signal } from '@preact/signals';
import type { GiftwaveClient, LimitsView, Payout, Recorded, ServerMessage, Topup } from '../src/sdk';
import { OwnGifts } from '../src/state/own_gifts';
import { BooksPeer, limitsView, refusal } from './books_peer';
import { ack, clientOf, eventually, gift } from './peer';

let books: BooksPeer;
const clients: GiftwaveClient[] = [];

function client(options: Parameters<typeof clientOf>[1] = {}): GiftwaveClient {
  const made = clientOf(books.peer, options);
  clients.push(made);
  return made;
}

beforeEach(async () => {
  books = await BooksPeer.start();
});

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await books.peer.stop();
});

describe('the books over HTTP', () => {
  it('are asked with the token, and once more with a fresh one where it has expired', async () => {
    const hints: boolean[] = [];
    const one = client({ token: ({ expired }) => (hints.push(expired), Promise.resolve(`token-${hints.length}`)) });
    books.surprises.push(refusal(401, 'token_expired'));

    await one.books.limits();

    expect(hints).toEqual([false, true]);
    expect(books.calls.map(({ token }) => token)).toEqual(['token-1', 'token-2']);
  });

  it('refuse in the server’s words', async () => {
    await expect(client().books.startTopup({ topup_id: 'x', pack: 'pack_0', return_url: 'https://gifts.example/' })).rejects.toMatchObject({ code: 'unknown_pack', message: 'Refused: unknown_pack.', retryable: false });
  });

  it('are retryable where nobody answers or somebody else does', async () => {
    books.surprises.push('lost');
    await expect(client().books.packs()).rejects.toMatchObject({ code: 'unreachable', retryable: true });

    books.surprises.push({ status: 502, body: '<html>' });
    await expect(client().books.packs()).rejects.toMatchObject({ code: 'http_502', retryable: true });

    books.surprises.push({ status: 200, body: '<html>' });
    await expect(client().books.packs()).rejects.toMatchObject({ code: 'unreadable', retryable: true });
  });

  it('read fields that this version does not know as if they were not there', async () => {
    books.surprises.push({ status: 200, body: { ...limitsView(), guardian: { name: 'Mum' } } });

    expect((await client().books.limits()).zone).toBe('UTC');
  });

  it('give statements as JSON and as the server’s CSV, for one period', async () => {
    const one = client();

    await one.books.statement({ from_ms: 1, to_ms: 2 });
    const csv = await one.books.creatorStatementCsv({ from_ms: 3, to_ms: 4 });

    expect(csv).toBe('at,kind,units\n1,gift,35000\n');
    expect(books.calls.map(({ path, query }) => `${path}?${query.toString()}`)).toEqual(['/v1/statement?from_ms=1&to_ms=2&format=json', '/v1/creator/statement?from_ms=3&to_ms=4&format=csv']);
  });

  it('make ids that the server’s clock dates', async () => {
    const one = client();
    await one.connect();

    expect(one.books.newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('news of the books on the socket', () => {
  it('reaches whoever listens, with fields and messages of later versions ignored', async () => {
    const one = client();
    const heard: unknown[] = [];
    one.on('recorded', (recorded: Recorded) => heard.push(recorded));
    one.on('topup', ({ state }: Topup) => heard.push(state));
    one.on('limits', ({ zone }: LimitsView) => heard.push(zone));
    one.on('payout', ({ amount_minor }: Payout) => heard.push(amount_minor));
    await one.connect();

    const say = (message: unknown): void => books.peer.last.say(message as ServerMessage);
    say({ type: 'recorded', intent_ids: ['a', 'b'], lag_ms: 3 });
    say({ type: 'recorded', room: 'lounge', epoch: 'e', offset: 7 });
    say({ type: 'moon', phase: 'full' });
    say({ type: 'topup', topup_id: 't', state: 'credited' });
    say({ type: 'limits', ...limitsView() });
    say({ type: 'payout', payout_id: 'p', amount_minor: 2_975 });

    await eventually(() => heard.length === 5);
    expect(heard.slice(1)).toEqual([{ type: 'recorded', room: 'lounge', epoch: 'e', offset: 7 }, 'credited', 'UTC', 2_975]);
    expect(heard[0]).toMatchObject({ intent_ids: ['a', 'b'] });
  });

  it('brings what was spent with the wallet, and keeps it where only the coins changed', async () => {
    const one = client();
    await one.connect();

    books.peer.last.say({ type: 'wallet', paid: 0, promo: 490, coins: 490, rev: 2, spent: { day: 10, week: 10, month: 10 } });

    await eventually(() => one.wallet?.spent?.day === 10);

    books.peer.last.say({ type: 'wallet', paid: 100, promo: 490, coins: 590, rev: 3 });
    await eventually(() => one.wallet?.rev === 3);
    expect(one.wallet?.spent?.day).toBe(10);
  });
});

describe('one’s own gifts', () => {
  const me = signal({ id: 'u_ana', name: 'Ana', role: 'viewer' as const });
  const send = { type: 'gift.send' as const, intent_id: 'i-1', room: 'lounge', gift: 'rose', count: 1, max_coins: 1 };

  it('are ticked once the books hold them, also the anonymous ones', async () => {
    const one = client();
    const own = new OwnGifts({ client: one, user: me });
    await one.connect();
    const anonymous = gift(1, { sender: { name: 'Anonymous' } });
    own.add(ack(send));
    expect([own.waiting.value, own.isRecorded(anonymous)]).toEqual([1, false]);

    books.peer.last.say({ type: 'recorded', intent_ids: ['i-1', 'of another tab'] });

    await eventually(() => own.isRecorded(anonymous));
    expect([own.waiting.value, own.isRecorded(gift(2))]).toEqual([0, false]);
  });

  it('are ticked also where the news was faster than the receipt', async () => {
    const one = client();
    const own = new OwnGifts({ client: one, user: me });
    await one.connect();
    books.peer.last.say({ type: 'recorded', intent_ids: ['i-1'] });
    books.peer.last.say({ type: 'wallet', paid: 0, promo: 499, coins: 499, rev: 2 });
    await eventually(() => one.wallet?.rev === 2);

    own.add(ack(send));

    expect(own.isRecorded(gift(1))).toBe(true);
  });

  it('are asked about after a reconnect, because the news may have been missed', async () => {
    const one = client();
    const own = new OwnGifts({ client: one, user: me });
    await one.connect();
    own.add(ack(send));
    books.surprises.push({ status: 200, body: ack(send, { recorded: true }) });

    books.peer.last.cut();

    await eventually(() => own.isRecorded(gift(1)));
    expect(books.calls.map(({ path }) => path)).toEqual(['/v1/gifts/i-1']);
  });
});
