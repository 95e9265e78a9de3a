import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GiftwaveClient } from '../src/sdk';
import { Limits } from '../src/state/limits';
import { BooksPeer, limitsView, NOW_MS, refusal } from './books_peer';
import { ManualClock } from './manual_clock';
import { clientOf, eventually, welcome } from './peer';

const HOUR_MS = 3_600_000;
const DAILY = { gift: null, day: 100, week: null, month: null };

let books: BooksPeer;
let clock: ManualClock;
let client: GiftwaveClient;
let limits: Limits;
const reserved = signal(0);

beforeEach(async () => {
  books = await BooksPeer.start();
  clock = new ManualClock(NOW_MS);
  books.nowMs = () => clock.nowMs();
  books.limits = limitsView({ limits: DAILY, spent: { day: 20, week: 20, month: 20 } });
  client = clientOf(books.peer, { clock });
  limits = new Limits(client, reserved, { clock, random: () => 0 });
  reserved.value = 0;
  await client.connect();
  await eventually(() => limits.view.value !== null);
});

afterEach(async () => {
  client.close();
  await books.peer.stop();
});

const leftNow = (): number | undefined => limits.tightest.value?.left;

describe('the budget on screen', () => {
  it('follows the wallet and the gifts on their way', async () => {
    expect(leftNow()).toBe(80);

    reserved.value = 30;
    expect(leftNow()).toBe(50);
    expect(limits.refusal(50)).toBeNull();
    expect(limits.refusal(51)?.words).toContain('50 of 100 coins left today');

    books.peer.last.say({ type: 'wallet', paid: 0, promo: 470, coins: 470, rev: 2, spent: { day: 50, week: 50, month: 50 } });
    reserved.value = 0;
    await eventually(() => leftNow() === 50);
  });

  it('is read anew when a period ends, by the server’s clock', async () => {
    books.limits = { ...books.limits, spent: { day: 0, week: 20, month: 20 }, ends_at_ms: { ...books.limits.ends_at_ms, day: NOW_MS + 48 * HOUR_MS } };

    clock.advance(24 * HOUR_MS - 1);
    expect(books.callsOf('GET', '/v1/limits')).toHaveLength(1);
    clock.advance(1);

    await eventually(() => leftNow() === 100);
    expect(books.callsOf('GET', '/v1/limits')).toHaveLength(2);
  });

  it('keeps what a gift said while the view was on its way', async () => {
    books.surprises.push({ status: 200, body: limitsView({ limits: DAILY, spent: { day: 20, week: 20, month: 20 } }) });
    const loading = limits.load();
    limits.spent.value = { day: 60, week: 60, month: 60 };
    await loading;

    expect(leftNow()).toBe(40);
  });

  it('is asked for again where the server could not be asked', async () => {
    books.surprises.push('lost');
    await limits.load();
    expect(leftNow()).toBe(80);

    books.limits = limitsView({ limits: { ...DAILY, day: 30 } });
    clock.advance(10_000);

    await eventually(() => leftNow() === 30);
  });

  it('follows a change made elsewhere', async () => {
    books.peer.last.say({ type: 'limits', ...limitsView({ limits: { ...DAILY, day: 21 }, spent: { day: 20, week: 20, month: 20 } }) });

    await eventually(() => leftNow() === 1);
  });
});

describe('setting limits', () => {
  it('lowers at once, and shows what waits', async () => {
    await limits.save({ ...DAILY, day: 50 }, 'UTC');
    expect([leftNow(), limits.view.value?.next]).toEqual([30, null]);

    await limits.save({ ...DAILY, day: 500 }, 'UTC');
    expect([leftNow(), limits.view.value?.next?.limits.day, limits.view.value?.next?.at_ms]).toEqual([30, 500, NOW_MS + 24 * HOUR_MS]);
  });

  it('repeats a change under its own id until it is answered, and makes a new one for the next', async () => {
    books.surprises.push('lost');
    expect(await limits.save({ ...DAILY, day: 50 }, 'UTC')).toBe(false);
    expect(limits.change.problem.value).toContain('does not answer');

    expect(await limits.save({ ...DAILY, day: 50 }, 'UTC')).toBe(true);
    await limits.save({ ...DAILY, day: 40 }, 'UTC');

    const ids = books.callsOf('PUT', '/v1/limits').map(({ body }) => body['change_id']);
    expect([ids[0] === ids[1], ids[1] === ids[2]]).toEqual([true, false]);
  });

  it('says why where it is refused', async () => {
    books.surprises.push(refusal(400, 'bad_field'));

    expect(await limits.save(DAILY, 'Mars/Olympus')).toBe(false);

    expect(limits.change.problem.value).toBe('Refused: bad_field.');
  });
});

describe('the panic lock', () => {
  it('holds every gift until it ends by itself', async () => {
    await limits.lock(24);
    expect([limits.isLocked.value, limits.refusal(1)?.words.includes('locked until')]).toEqual([true, true]);
    expect(books.callsOf('POST', '/v1/limits/lock')[0]?.body).toMatchObject({ hours: 24 });

    books.limits = { ...books.limits, locked_until_ms: null };
    clock.advance(24 * HOUR_MS);

    await eventually(() => !limits.isLocked.value && limits.refusal(1) === null);
  });

  it('is over for the page as soon as the server’s clock says so, whatever the view still holds', async () => {
    client.close();
    books.peer.onHello = (_hello, connection) => connection.say(welcome({ server_time_ms: clock.nowMs() + 10 * HOUR_MS }));
    books.limits = { ...books.limits, locked_until_ms: NOW_MS + 9 * HOUR_MS };
    const ahead = clientOf(books.peer, { clock });
    const seen = new Limits(ahead, reserved, { clock });
    await ahead.connect();

    await eventually(() => seen.view.value?.locked_until_ms === NOW_MS + 9 * HOUR_MS);
    expect(seen.isLocked.value).toBe(false);
    ahead.close();
  });
});
