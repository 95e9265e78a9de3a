import { describe, expect, it } from 'vitest';
import { StageQueue } from '../src/player/stage_queue';
import { Tray, type TrayEntry } from '../src/player/tray';
import { seedOf } from '../src/player/seed';
import { gift } from './peer';

const entry = (key: string, fields: Partial<TrayEntry> = {}): TrayEntry => ({
  key,
  event_id: `event-${key}`,
  gift: 'rose',
  sender: { id: key, name: key },
  total: 1,
  message: undefined,
  is_own: false,
  ends_at_ms: 3_000,
  ...fields,
});

const keys = (tray: Tray): (string | undefined)[] => tray.rows.map((row) => row?.key);

function fullTray(endsAtMs = 3_000): Tray {
  const tray = new Tray();
  for (const key of ['a', 'b', 'c']) tray.add(entry(key, { ends_at_ms: endsAtMs }), 0);
  return tray;
}

describe('the tray', () => {
  it('keeps a growing row in its place', () => {
    const tray = fullTray();

    tray.add(entry('b', { total: 7, ends_at_ms: 9_000 }), 2_500);
    tray.tick(3_000);

    expect(keys(tray)).toEqual([undefined, 'b', undefined]);
    expect(tray.rows[1]?.total).toBe(7);
  });

  it('lets a row go when its combo ends, not sooner', () => {
    const tray = fullTray();

    expect(tray.tick(2_999)).toBe(false);
    expect(tray.tick(3_000)).toBe(true);
    expect(tray.isEmpty).toBe(true);
  });

  it('brings a combo that lost its row back with its total', () => {
    const tray = fullTray();
    tray.tick(3_000);

    tray.add(entry('a', { total: 12, ends_at_ms: 7_000 }), 4_000);

    expect(tray.rows[0]).toMatchObject({ key: 'a', total: 12 });
  });

  it('shows who waits as soon as a row is free, with what has gathered meanwhile', () => {
    const tray = fullTray();
    tray.add(entry('d', { total: 1 }), 1_000);
    tray.add(entry('d', { total: 5, ends_at_ms: 4_500 }), 1_500);

    tray.tick(3_000);

    expect(tray.rows[0]).toMatchObject({ key: 'd', total: 5, shown_at_ms: 3_000 });
  });

  it('gives one’s own gift the first row that nobody is growing any more', () => {
    const tray = fullTray(60_000);
    tray.add(entry('x', { ends_at_ms: 60_000 }), 1_000);
    tray.add(entry('mine', { is_own: true, ends_at_ms: 60_000 }), 1_500);
    tray.add(entry('a', { total: 2, ends_at_ms: 60_000 }), 1_900);

    tray.tick(2_000);

    expect(keys(tray)).toEqual(['a', 'mine', 'c']);
  });

  it('takes a row from who held it long while others wait', () => {
    const tray = fullTray(60_000);
    tray.add(entry('d', { ends_at_ms: 60_000 }), 11_000);

    tray.tick(12_000);

    expect(keys(tray)).toContain('d');
  });

  it('forgets who waited until it was old news', () => {
    const tray = fullTray(60_000);
    tray.add(entry('d'), 1_000);

    tray.tick(9_000);
    tray.tick(12_000);

    expect(keys(tray)).not.toContain('d');
  });

  it('never counts backwards', () => {
    const tray = new Tray();
    tray.add(entry('a', { total: 9 }), 0);

    tray.add(entry('a', { total: 4 }), 10);

    expect(tray.rows[0]?.total).toBe(9);
  });
});

describe('the stage queue', () => {
  const item = (name: string, isOwn = false): Parameters<StageQueue['add']>[0] => ({ event: gift(1, { sender: { id: name, name } }), is_own: isOwn });
  const drain = (queue: StageQueue): string[] => {
    const names: string[] = [];
    for (let next = queue.next(); next; next = queue.next()) names.push(next.event.sender.name);
    return names;
  };

  it('plays one’s own next, in the order they were sent', () => {
    const queue = new StageQueue();
    for (const one of [item('ben'), item('me', true), item('cy'), item('me', true)]) queue.add(one);

    expect(drain(queue)).toEqual(['me', 'me', 'ben', 'cy']);
  });

  it('gives no fan two in a row while others wait', () => {
    const queue = new StageQueue();
    for (const name of ['whale', 'whale', 'whale', 'ben']) queue.add(item(name));

    expect(drain(queue)).toEqual(['whale', 'ben', 'whale', 'whale']);
  });

  it('sends the rest to the tray when it is too far behind, never one’s own', () => {
    const queue = new StageQueue();

    const taken = Array.from({ length: 8 }, (_, index) => queue.add(item(`fan-${index}`)));

    expect(taken).toEqual([true, true, true, true, true, true, false, false]);
    expect(queue.add(item('me', true))).toBe(true);
  });
});

describe('the seed of an event', () => {
  it('is the same everywhere and different for another event', () => {
    expect(seedOf('0-p7qk2m9d-1042')).toBe(seedOf('0-p7qk2m9d-1042'));
    expect(seedOf('0-p7qk2m9d-1042')).not.toBe(seedOf('0-p7qk2m9d-1043'));
  });
});
