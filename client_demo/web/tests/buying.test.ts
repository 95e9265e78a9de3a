import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GiftwaveClient, Topup, TopupState } from '../src/sdk';
import { Buying } from '../src/state/buying';
import { dismissToast, toasts } from '../src/state/toasts';
import { topupWords } from '../src/state/topup_words';
import { BooksPeer, NOW_MS, refusal } from './books_peer';
import { ManualClock } from './manual_clock';
import { clientOf, eventually } from './peer';

let books: BooksPeer;
let clock: ManualClock;
let client: GiftwaveClient;
let buying: Buying;
let left: string[];

beforeEach(async () => {
  books = await BooksPeer.start();
  clock = new ManualClock(NOW_MS);
  left = [];
  for (const { id } of toasts.peek()) dismissToast(id);
  client = clientOf(books.peer);
  await client.connect();
  buying = new Buying(client, { returnUrl: () => 'https://gifts.example/watch/lounge', leave: (url) => void left.push(url) }, clock);
  buying.show();
  await eventually(() => buying.packs.value.length === 2 && !buying.task.isBusy.value);
});

afterEach(async () => {
  client.close();
  await books.peer.stop();
});

async function buy(): Promise<Topup> {
  const pack = buying.packs.value[0];
  if (!pack) throw new Error('No packs.');
  await buying.buy(pack);
  const topup = buying.topup.value;
  if (!topup) throw new Error(`Not bought: ${buying.task.problem.value}`);
  return topup;
}

/** The purchase moves on at the server; `tell` says whether the socket brings it. */
function becomes(topup: Topup, state: TopupState, tell = true): void {
  const next = { ...topup, state, checkout_url: null, updated_at_ms: topup.updated_at_ms + 1_000 };
  books.topups.set(topup.topup_id, next);
  if (tell) books.peer.last.say({ type: 'topup', ...next });
}

describe('buying coins', () => {
  it('opens the provider’s checkout, which sends the browser back to this page', async () => {
    const topup = await buy();

    expect(left).toEqual([`https://pay.example/${topup.topup_id}`]);
    expect(books.callsOf('POST', '/v1/topups')[0]?.body).toEqual({ topup_id: topup.topup_id, pack: 'pack_100', return_url: 'https://gifts.example/watch/lounge' });
  });

  it('tries a lost request again under the same id, so that one checkout is opened', async () => {
    books.surprises.push('lost');
    await buying.buy(buying.packs.value[0]!);
    expect([left, buying.task.problem.value]).toEqual([[], 'The server does not answer; check that it runs.']);

    await buy();

    expect([books.topups.size, left.length]).toEqual([1, 1]);
  });

  it('opens another one for the next purchase', async () => {
    await buy();
    await buy();

    expect(books.topups.size).toBe(2);
  });

  it('says why where the server refuses', async () => {
    books.surprises.push(refusal(502, 'provider_refused'));

    await buying.buy(buying.packs.value[0]!);

    expect([buying.task.problem.value, buying.topup.value]).toEqual(['Refused: provider_refused.', null]);
  });
});

describe('a purchase on screen', () => {
  it.each(['credited', 'failed', 'expired'] as const)('goes from pending to %s as the socket says it', async (state) => {
    const topup = await buy();
    await buying.returned({ topup_id: topup.topup_id, result: 'paid' });
    expect(buying.topup.value?.state).toBe('pending');

    becomes(topup, state);

    await eventually(() => buying.topup.value?.state === state);
    expect([buying.watched.value, toasts.value]).toEqual([null, []]);
  });

  it('is asked about where the socket does not say it', async () => {
    const topup = await buy();
    await buying.returned({ topup_id: topup.topup_id, result: 'paid' });
    becomes(topup, 'credited', false);

    clock.advance(60_000);

    await eventually(() => buying.topup.value?.state === 'credited');
  });

  it('is not asked about once its end is known', async () => {
    const topup = await buy();
    becomes(topup, 'credited');
    await eventually(() => buying.topup.value?.state === 'credited');
    const before = books.calls.length;

    clock.advance(600_000);

    expect(books.calls.length).toBe(before);
  });

  it('passes through an asynchronous payment', async () => {
    const topup = await buy();
    becomes(topup, 'processing');
    await eventually(() => buying.topup.value?.state === 'processing');

    becomes({ ...topup, updated_at_ms: topup.updated_at_ms + 5_000 }, 'credited');

    await eventually(() => buying.topup.value?.state === 'credited');
  });

  it('never goes back: news that arrives late is old', async () => {
    const topup = await buy();
    becomes(topup, 'credited');
    await eventually(() => buying.topup.value?.state === 'credited');

    books.peer.last.say({ type: 'topup', ...topup });
    books.peer.last.say({ type: 'wallet', paid: 100, promo: 500, coins: 600, rev: 9 });

    await eventually(() => client.wallet?.rev === 9);
    expect(buying.topup.value?.state).toBe('credited');
  });

  it('is taken for left when no payment was heard of for a while, and still credited when it comes', async () => {
    const topup = await buy();
    await buying.returned({ topup_id: topup.topup_id, result: 'paid' });
    expect(buying.isUnheard.value).toBe(false);

    clock.advance(10_000);
    expect(buying.isUnheard.value).toBe(true);

    becomes(topup, 'credited');
    await eventually(() => buying.topup.value?.state === 'credited');
  });

  it('is taken for left at once where the provider says so, and the checkout can be opened again', async () => {
    const topup = await buy();

    await buying.returned({ topup_id: topup.topup_id, result: 'cancelled' });
    clock.advance(0);
    expect([buying.topup.value?.state, buying.isUnheard.value]).toEqual(['pending', true]);

    await buying.goToCheckout();
    expect(left).toEqual([topup.checkout_url, topup.checkout_url]);
  });

  it('that failed and is paid after all is credited on screen', async () => {
    const topup = await buy();
    becomes(topup, 'failed');
    await eventually(() => buying.topup.value?.state === 'failed');

    becomes({ ...topup, updated_at_ms: topup.updated_at_ms + 5_000 }, 'credited');

    await eventually(() => buying.topup.value?.state === 'credited');
    expect(toasts.value).toEqual([]);
  });

  it('is found again after the way back, also where the first question gets no answer', async () => {
    const topup = await buy();
    const back = new Buying(client, { returnUrl: String, leave: () => undefined }, clock);
    books.surprises.push('lost');
    await back.returned({ topup_id: topup.topup_id, result: null });
    expect([back.isShown.value, back.topup.value]).toEqual([true, null]);

    clock.advance(2_000);

    await eventually(() => back.topup.value?.state === 'pending' && back.task.problem.value === null);
  });

  it('that nobody knows is said so, and asked about no more', async () => {
    const back = new Buying(client, { returnUrl: String, leave: () => undefined }, clock);

    await back.returned({ topup_id: '01890a5d-ac96-774b-bcce-b302099a8057', result: null });

    expect([back.task.problem.value, back.watched.value]).toEqual(['Refused: unknown_topup.', null]);
  });
});

describe('a purchase that nobody looks at', () => {
  it.each(['credited', 'refunded', 'charged_back'] as const)('is told when it is %s', async (state) => {
    const topup = await buy();
    buying.hide();

    becomes(topup, state);

    await eventually(() => toasts.value.length === 1);
    expect(toasts.value[0]?.text).toBe(topupWords({ ...topup, state }));
  });

  it('is described also in a state of a later version', () => {
    const topup = { coins: 100, price_minor: 129, currency: 'EUR', state: 'frozen' } as unknown as Topup;

    expect(topupWords(topup)).toContain('frozen');
  });
});
