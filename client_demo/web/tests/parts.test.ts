import { describe, expect, it } from 'vitest';
import { intentMadeAtMs, newIntentId } from '../src/sdk';
import { Backoff } from '../src/sdk/backoff';

describe('an intent id', () => {
  it('is a UUIDv7 in lower case with hyphens that carries its time', () => {
    const id = newIntentId(1_780_000_000_123);

    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(intentMadeAtMs(id)).toBe(1_780_000_000_123);
  });

  it('differs at the same millisecond', () => {
    const ids = Array.from({ length: 1_000 }, () => newIntentId(5));

    expect(new Set(ids).size).toBe(1_000);
  });
});

describe('the backoff', () => {
  it('stays under a ceiling that doubles from 250 ms to 15 s', () => {
    const backoff = new Backoff(() => 0.999_999);

    const delays = Array.from({ length: 9 }, () => backoff.nextMs());

    expect(delays).toEqual([249, 499, 999, 1_999, 3_999, 7_999, 14_999, 14_999, 14_999]);
  });

  it('may be as short as nothing, and starts over after a reset', () => {
    const backoff = new Backoff(() => 0);
    backoff.nextMs();
    backoff.reset();

    expect(backoff.nextMs()).toBe(0);
  });
});
