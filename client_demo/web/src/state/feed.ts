import type { GiftEvent, RoomEvent } from '../sdk';

/** A line of the activity list: a gift, the end of the stream, or offsets that this page never received. */
export type FeedItem =
  | { kind: 'gift'; key: string; event: GiftEvent }
  | { kind: 'closed'; key: string; ts_ms: number }
  | { kind: 'gap'; key: string; missed: number };

// An evening of a busy room is tens of thousands of gifts; the server's receipts keep them all, this list the latest.
export const FEED_MAX = 2_000;

/** Newest first; an event that is already there (a snapshot repeats some) is not added twice. */
export function addToFeed(feed: readonly FeedItem[], epoch: string, events: readonly RoomEvent[]): readonly FeedItem[] {
  const known = new Set(feed.map(({ key }) => key));
  const added = events.flatMap((event) => itemOf(epoch, event)).filter(({ key }) => !known.has(key));
  return added.length === 0 ? feed : [...added.reverse(), ...feed].slice(0, FEED_MAX);
}

export function addGap(feed: readonly FeedItem[], epoch: string, from: number, to: number): readonly FeedItem[] {
  return [{ kind: 'gap', key: `${epoch}-gap-${from}`, missed: to - from + 1 } as const, ...feed].slice(0, FEED_MAX);
}

function itemOf(epoch: string, event: RoomEvent): FeedItem[] {
  const key = `${epoch}-${event.offset}`;
  if (event.type === 'gift') return [{ kind: 'gift', key, event }];
  return event.type === 'room.closed' ? [{ kind: 'closed', key, ts_ms: event.ts_ms }] : [];
}
