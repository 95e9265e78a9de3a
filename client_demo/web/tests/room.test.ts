import { describe, expect, it } from 'vitest';
import { Room, type GiftEvent } from '../src/sdk';
import { batch, gift, joined } from './peer';

const combo = (total: number, rev = total): NonNullable<GiftEvent['combo']> => ({ id: 'combo-1', rev, delta: 1, total, coins: total, ends_at_ms: 0 });

function loadedRoom(): Room {
  const room = new Room('lounge');
  room.load(joined());
  return room;
}

describe('a room', () => {
  it('applies the events of a batch in offset order', () => {
    const room = loadedRoom();

    const outcome = room.apply(batch([gift(2), gift(1)]));

    expect(outcome).toMatchObject({ kind: 'applied', events: [{ offset: 1 }, { offset: 2 }] });
    expect(room.offset).toBe(2);
  });

  it('ignores offsets it has applied already', () => {
    const room = loadedRoom();
    room.apply(batch([gift(1), gift(2)]));

    expect(room.apply(batch([gift(1), gift(2)]))).toEqual({ kind: 'ignored' });
    expect(room.apply(batch([gift(2), gift(3)]))).toMatchObject({ events: [{ offset: 3 }] });
  });

  it('keeps the sum of counts equal to the last combo total over duplicates', () => {
    const room = loadedRoom();
    const batches = [batch([gift(1, { combo: combo(1) })]), batch([gift(1, { combo: combo(1) }), gift(2, { combo: combo(2) })]), batch([gift(3, { combo: combo(3) })])];

    const counts = batches.map((one) => room.apply(one)).flatMap((outcome) => (outcome.kind === 'applied' ? outcome.events : []));

    expect(counts.reduce((sum, event) => sum + (event.type === 'gift' ? event.count : 0), 0)).toBe(3);
    expect(room.combos.get('combo-1')?.total).toBe(3);
  });

  it('asks to join again at a hole and at another epoch, and stays where it was', () => {
    const room = loadedRoom();

    expect(room.apply(batch([gift(2)]))).toEqual({ kind: 'rejoin' });
    expect(room.apply(batch([gift(1)], { epoch: 'epoch-2' }))).toEqual({ kind: 'rejoin' });
    expect(room.position()).toEqual({ epoch: 'epoch-1', offset: 0 });
  });

  it('moves past an announced gap', () => {
    const room = loadedRoom();

    room.skip({ type: 'gap', room: 'lounge', epoch: 'epoch-1', from: 1, to: 9 });

    expect(room.apply(batch([gift(10)])).kind).toBe('applied');
  });

  it('ranks fans by their latest coins, then by id', () => {
    const room = loadedRoom();
    const from = (id: string, fan_coins: number): Partial<GiftEvent> => ({ sender: { id, name: id }, fan_coins });

    room.apply(batch([gift(1, from('b', 5)), gift(2, from('c', 9)), gift(3, from('a', 5)), gift(4, from('c', 10))]));

    expect(room.topFans(3).map(({ id, coins }) => [id, coins])).toEqual([['c', 10], ['a', 5], ['b', 5]]);
  });

  it('leaves anonymous gifts out of the ranking', () => {
    const room = loadedRoom();
    const { fan_coins: _hidden, ...anonymous } = gift(1, { sender: { name: 'Anonymous' } });

    room.apply(batch([anonymous]));

    expect(room.topFans(3)).toEqual([]);
  });

  it('starts from the snapshot where nothing could be recovered, and adds no recent events up', () => {
    const room = loadedRoom();
    room.apply(batch([gift(1, { combo: combo(1) })]));
    const snapshot = { ...joined().snapshot, totals: { coins: 90, gifts: 80, fans: 7 }, recent: [gift(50)] };

    const events = room.load(joined({ epoch: 'epoch-2', offset: 50, snapshot }));

    expect(events).toEqual([]);
    expect(room.totals.coins).toBe(90);
    expect(room.combos.size).toBe(0);
    expect(room.topFans(3)).toEqual([]);
  });

  it('takes recovered events once, also those it had', () => {
    const room = loadedRoom();
    room.apply(batch([gift(1)]));

    const events = room.load(joined({ recovered: true, offset: 3, events: [gift(1), gift(2), gift(3)] }));

    expect(events.map(({ offset }) => offset)).toEqual([2, 3]);
  });

  it('is closed by the event that says so', () => {
    const room = loadedRoom();

    room.apply({ ...batch([gift(1)]), events: [{ offset: 1, id: 'e', type: 'room.closed', ts_ms: 0 }] });

    expect(room.state).toBe('closed');
  });
});
