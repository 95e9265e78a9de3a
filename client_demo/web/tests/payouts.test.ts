import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GiftwaveClient, Payout, PayoutState } from '../src/sdk';
import { bucketsOf, sharesOf, splitOf } from '../src/state/buckets';
import { EarningsBook } from '../src/state/earnings';
import { PayoutRequest } from '../src/state/payout_request';
import { payoutWords } from '../src/state/payout_words';
import { BooksPeer, earningsView, NOW_MS } from './books_peer';
import { ManualClock } from './manual_clock';
import { clientOf, eventually } from './peer';

const DAY_MS = 86_400_000;

let books: BooksPeer;
let clock: ManualClock;
let client: GiftwaveClient;
let book: EarningsBook;
let request: PayoutRequest;

beforeEach(async () => {
  books = await BooksPeer.start();
  clock = new ManualClock(NOW_MS);
  books.nowMs = () => clock.nowMs();
  client = clientOf(books.peer, { clock });
  book = new EarningsBook(client, clock);
  request = new PayoutRequest(client, book, clock);
  await client.connect();
  await eventually(() => book.view.value !== null);
  request.show();
  request.destination.value = 'sandbox:mira';
});

afterEach(async () => {
  client.close();
  await books.peer.stop();
});

describe('earnings', () => {
  it('are shown as buckets that add up to the whole', () => {
    const buckets = bucketsOf(earningsView());

    expect(buckets.map(({ id, units }) => [id, units])).toEqual([
      ['pending', 20_000_000],
      ['held', 5_000_000],
      ['available', 60_000_000],
      ['in_transit', 0],
      ['paid', 15_000_000],
    ]);
    expect(buckets.reduce((sum, { units }) => sum + units, 0)).toBe(earningsView().earned_units);
    expect(buckets.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it('below zero have no part of the bar and keep their number', () => {
    const buckets = bucketsOf(earningsView({ available_units: -1_000 }));

    expect(buckets.find(({ id }) => id === 'available')).toMatchObject({ units: -1_000, share: 0 });
    expect(sharesOf([0, 0])).toEqual([0, 0]);
  });

  it('are read anew when the next of them settle', async () => {
    books.earnings = earningsView({ pending_units: 0, pending_by_day: [], available_units: 80_000_000, holds: [] });
    request.hide();

    clock.advance(DAY_MS);

    await eventually(() => book.view.value?.available_units === 80_000_000);
  });

  it('are read once for many recorded gifts', async () => {
    // One for the welcome, one for the dialog.
    const before = 2;
    await eventually(() => books.callsOf('GET', '/v1/earnings').length === before);
    for (let offset = 1; offset <= 20; offset += 1) books.peer.last.say({ type: 'recorded', room: 'lounge', epoch: 'e', offset });
    books.peer.last.say({ type: 'wallet', paid: 0, promo: 1, coins: 1, rev: 99 });
    await eventually(() => client.wallet?.rev === 99);

    clock.advance(5_000);

    await eventually(() => books.callsOf('GET', '/v1/earnings').length > before);
    await book.load();
    expect(books.callsOf('GET', '/v1/earnings')).toHaveLength(before + 2);
  });
});

describe('where the money of a gift went', () => {
  it('gives the platform what the payment provider left of its part', () => {
    expect(splitOf({ price_units: 100, creator_units: 70, platform_units: 30, provider_fee_units: 12 })).toEqual({ creator: 70, platform: 18, provider: 12 });
  });

  it('is nowhere for a payout', () => {
    expect(splitOf({ price_units: null, creator_units: null, platform_units: null, provider_fee_units: null })).toBeNull();
  });
});

describe('a payout', () => {
  it('is quoted for everything, or for an amount in diamonds', async () => {
    await request.ask();
    expect(request.quote.value).toMatchObject({ currency: 'USD', units: 60_000_000, gross_minor: 3_000, amount_minor: 2_975 });

    request.dropQuote();
    request.kind.value = 'part';
    request.amount.value = '2,500.5';
    request.currency.value = 'JPY';
    await request.ask();

    expect(request.quote.value).toMatchObject({ currency: 'JPY', units: 25_005_000, gross_minor: 1_875 });
    expect(books.callsOf('POST', '/v1/payouts/quote').map(({ body }) => body['units'])).toEqual([null, 25_005_000]);
  });

  it('is not quoted without an amount or a destination, and nothing is asked', async () => {
    request.kind.value = 'part';
    request.amount.value = 'lots';
    await request.ask();
    expect(request.task.problem.value).toContain('how many diamonds');

    request.kind.value = 'all';
    request.destination.value = '  ';
    await request.ask();

    expect(request.task.problem.value).toContain('where the payout goes');
    expect(books.callsOf('POST', '/v1/payouts/quote')).toEqual([]);
  });

  it('saves a new destination once', async () => {
    await request.ask();
    request.dropQuote();
    await request.ask();

    expect(books.callsOf('PUT', '/v1/payouts/destination').map(({ body }) => body['destination'])).toEqual(['sandbox:mira']);
  });

  it('counts its quote down by the server’s clock and is not asked for after that', async () => {
    await request.ask();
    expect([request.quoteLeftMs.value, request.isExpired.value]).toEqual([300_000, false]);

    clock.advance(299_000);
    expect([request.quoteLeftMs.value, request.isExpired.value]).toEqual([1_000, false]);
    clock.advance(1_000);

    expect(request.isExpired.value).toBe(true);
    await request.confirm();
    expect(books.callsOf('POST', '/v1/payouts')).toEqual([]);
  });

  it('is asked for once although its answer was lost', async () => {
    await request.ask();
    books.surprises.push('lost');
    expect(await request.confirm()).toBe(false);

    expect(await request.confirm()).toBe(true);

    expect(books.payouts.size).toBe(1);
    expect(request.payout.value?.state).toBe('requested');
    await eventually(() => book.view.value?.available_units === 0 && book.view.value.in_transit_units === 60_000_000);
  });

  it('moves on as the socket says it, and never back', async () => {
    await request.ask();
    await request.confirm();
    const asked = request.payout.value!;
    const say = (state: PayoutState, updated_at_ms: number, reason: string | null = null): void =>
      books.peer.last.say({ type: 'payout', ...asked, state, updated_at_ms, reason });

    say('submitted', NOW_MS + 2_000);
    await eventually(() => request.payout.value?.state === 'submitted');
    say('approved', NOW_MS + 1_000);
    say('returned', NOW_MS + 3_000, 'account closed');

    await eventually(() => request.payout.value?.state === 'returned');
    expect(book.payouts.value).toHaveLength(1);
    expect(payoutWords(request.payout.value!)).toBe('The payout of $29.75 came back (account closed); its diamonds are available again.');
  });

  it('that waits for a second person says so', () => {
    expect(payoutWords({ amount_minor: 2_975, currency: 'USD', state: 'requested', needs_approval: true, reason: null } as Payout)).toContain('second person');
  });
});
