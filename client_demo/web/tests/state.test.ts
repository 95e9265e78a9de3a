import { describe, expect, it } from 'vitest';
import { overlayOptions, roomFromPath, tokenFromFragment } from '../src/state/address';
import { addGap, addToFeed, FEED_MAX } from '../src/state/feed';
import { MinuteCounts } from '../src/state/rates';
import { gift } from './peer';

describe('the address of a page', () => {
  it('names the room', () => {
    expect(roomFromPath('/watch/late-night')).toBe('late-night');
    expect(roomFromPath('/watch/')).toBe('lounge');
  });

  it('may carry a token in its fragment', () => {
    expect(tokenFromFragment('#token=abc.def')).toBe('abc.def');
    expect(tokenFromFragment('')).toBeNull();
  });

  it('keeps the overlay’s scale within what can be read', () => {
    expect(overlayOptions('?lane=tray&scale=1.5')).toEqual({ lane: 'tray', scale: 1.5 });
    expect(overlayOptions('?lane=moon&scale=99')).toEqual({ lane: 'both', scale: 4 });
    expect(overlayOptions('?scale=huge')).toEqual({ lane: 'both', scale: 1 });
  });
});

describe('the feed', () => {
  const keysOf = (items: ReturnType<typeof addToFeed>): string[] => items.map(({ key }) => key);

  it('shows the newest first and no event twice', () => {
    const first = addToFeed([], 'e', [gift(1), gift(2)]);

    expect(keysOf(addToFeed(first, 'e', [gift(2), gift(3)]))).toEqual(['e-3', 'e-2', 'e-1']);
  });

  it('tells events of two epochs apart', () => {
    const first = addToFeed([], 'e', [gift(1)]);

    expect(keysOf(addToFeed(first, 'f', [gift(1)]))).toEqual(['f-1', 'e-1']);
  });

  it('says how much was missed', () => {
    expect(addGap([], 'e', 12, 30)).toMatchObject([{ kind: 'gap', missed: 19 }]);
  });

  it('has a limit', () => {
    const many = Array.from({ length: FEED_MAX + 50 }, (_, index) => gift(index + 1));

    expect(addToFeed([], 'e', many)).toHaveLength(FEED_MAX);
  });
});

describe('gifts per minute', () => {
  const minute = (index: number): number => index * 60_000;

  it('counts each minute, the quiet ones too', () => {
    const counts = new MinuteCounts(4);
    counts.add(minute(100) + 1, 2);
    counts.add(minute(100) + 59_999, 3);
    counts.add(minute(102), 7);

    expect(counts.series(minute(102) + 30_000)).toEqual([
      [99 * 60, 100 * 60, 101 * 60, 102 * 60],
      [0, 5, 0, 7],
    ]);
  });
});
