import { memo } from './memo';

/** The next number of a seeded sequence, 0 <= n < 1. */
export type Random = () => number;

/** mulberry32: 32 bits of state are plenty for a few hundred particles, and it is the same in every browser. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random();
}

/** The entry at `index`, counted around the list for ever. */
export function pick<T>(list: readonly T[], index: number): T {
  return list[((Math.floor(index) % list.length) + list.length) % list.length] as T;
}

/**
 * The same `count` particles for the same name and seed. They are made once and then only read:
 * a frame derives where each one is now from its progress alone.
 */
export function scatter<T>(name: string, seed: number, count: number, make: (random: Random, index: number) => T): readonly T[] {
  return memo(`${name}:${seed}:${count}`, () => {
    const random = createRandom(seed ^ hashName(name));
    return Array.from({ length: count }, (_, index) => make(random, index));
  });
}

/** Two scatters of one gift must not move alike, so the name is part of the seed (FNV-1a). */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return hash;
}
