import { computed, signal } from '@preact/signals';
import { GiftwaveError } from '../sdk';
import { callApi } from './api';
import { giftOf } from './catalogue';
import type { FeedItem } from './feed';
import type { LiveRoom } from './live';
import { MinuteCounts } from './rates';
import type { Session } from './session';
import { showError } from './toasts';

export type FeedFilter = 'all' | 'big' | 'messages';

interface RoomView {
  room: string;
  epoch: string;
  offset: number;
}

export const CHART_MINUTES = 30;
const BIG_TIER_MIN = 3;
// Enough for the list and for a chart that is not empty after a reload; the server keeps about as many batches.
const HISTORY_EVENTS = 500;

/** The creator's side of a room: its history, its rate, opening and closing it. */
export class Studio {
  readonly filter = signal<FeedFilter>('all');
  /** True once the server said that no such room was ever opened. */
  readonly isMissing = signal(false);
  readonly isBusy = signal(false);
  readonly rates = new MinuteCounts(CHART_MINUTES);
  /** Counts changes of the rates, which are no signal themselves. */
  readonly ratesRevision = signal(0);
  readonly shownFeed = computed(() => this.live.feed.value.filter((item) => passes(item, this.filter.value)));

  constructor(
    readonly live: LiveRoom,
    readonly session: Session,
  ) {
    live.client.on('batch', ({ events }) => {
      for (const event of events) if (event.type === 'gift') this.rates.add(event.ts_ms, event.count);
      if (events.length > 0) this.ratesRevision.value += 1;
    });
  }

  async start(): Promise<void> {
    const view = await this.#find();
    if (view) await this.live.start({ epoch: view.epoch, offset: Math.max(0, view.offset - HISTORY_EVENTS) });
    else await this.live.connect();
  }

  /** Open the room, or open it again after it was closed. */
  async open(title: string): Promise<void> {
    await this.#change(async (token) => {
      await callApi('/v1/rooms', { method: 'POST', token, body: { room: this.live.room, title } });
      this.isMissing.value = false;
      await this.live.rejoin();
    });
  }

  async close(): Promise<void> {
    await this.#change(async (token) => {
      await callApi(`/v1/rooms/${encodeURIComponent(this.live.room)}/close`, { method: 'POST', token });
    });
  }

  async #find(): Promise<RoomView | null> {
    try {
      return await callApi<RoomView>(`/v1/rooms/${encodeURIComponent(this.live.room)}`);
    } catch (error) {
      if (error instanceof GiftwaveError && error.code === 'unknown_room') this.isMissing.value = true;
      else showError(error);
      return null;
    }
  }

  async #change(step: (token: string) => Promise<void>): Promise<void> {
    this.isBusy.value = true;
    try {
      await step(await this.session.token({ expired: false })).catch(async (error: unknown) => {
        if (!(error instanceof GiftwaveError) || error.code !== 'token_expired') throw error;
        await step(await this.session.token({ expired: true }));
      });
    } catch (error) {
      showError(error);
    } finally {
      this.isBusy.value = false;
    }
  }
}

function passes(item: FeedItem, filter: FeedFilter): boolean {
  if (filter === 'all') return true;
  if (item.kind !== 'gift') return false;
  return filter === 'big' ? giftOf(item.event.gift).tier >= BIG_TIER_MIN : item.event.message !== undefined;
}
