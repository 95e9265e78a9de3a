import { describe, expect, it } from 'vitest';
import { formatCountdown, formatTiny } from '../src/state/format';
import { formatDiamonds, formatMoney, minorDigits, unitsFromDiamonds } from '../src/state/money';

// A no-break space stands between a code and its amount.
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('real money', () => {
  it.each([
    [129, 'EUR', '€1.29'],
    [5, 'USD', '$0.05'],
    [0, 'USD', '$0.00'],
    [-2_550, 'USD', '-$25.50'],
    [1_234, 'JPY', '¥1,234'],
    [1_250, 'KWD', 'KWD 1.250'],
    [7, 'KWD', 'KWD 0.007'],
  ])('%i minor units of %s are %s', (minor, currency, words) => {
    expect(plain(formatMoney(minor, currency))).toBe(words);
  });

  it('keeps every digit of an amount that a float would lose', () => {
    expect(formatMoney(Number.MAX_SAFE_INTEGER, 'USD')).toBe('$90,071,992,547,409.91');
  });

  it('knows how many digits a minor unit has', () => {
    expect(['JPY', 'USD', 'KWD'].map(minorDigits)).toEqual([0, 2, 3]);
  });
});

describe('diamonds', () => {
  it.each([
    [63_000, '6.3'],
    [10_000, '1'],
    [1, '0.0001'],
    [-25_500, '-2.55'],
    [123_456_789_0000, '123,456,789'],
    [Number.MAX_SAFE_INTEGER, '900,719,925,474.0991'],
  ])('%i units are %s', (units, words) => {
    expect(formatDiamonds(units)).toBe(words);
  });

  it('are read back without a float in between', () => {
    expect(['2,500', '0.0001', '6.3', ' 12 '].map(unitsFromDiamonds)).toEqual([25_000_000, 1, 63_000, 120_000]);
  });

  it.each(['', '0', '-5', '1e3', '0x10', 'NaN', '1.23456', '1.', '٣'])('are not read from %j', (text) => {
    expect(unitsFromDiamonds(text)).toBeNull();
  });
});

describe('numbers in small places', () => {
  it('never say more than there is', () => {
    expect([80, 999, 1_999, 12_960, 999_999].map(formatTiny)).toEqual(['80', '999', '1.9K', '12K', '990K']);
  });

  it('count down to nothing', () => {
    expect([300_000, 61_001, 900, -5].map(formatCountdown)).toEqual(['5:00', '1:02', '0:01', '0:00']);
  });
});
