const whole = new Intl.NumberFormat('en-US');
const signed = new Intl.NumberFormat('en-US', { signDisplay: 'exceptZero' });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const tiny = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 2, roundingMode: 'floor' } as Intl.NumberFormatOptions);
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const moment = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const stamp = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export const formatWhole = (value: number): string => whole.format(value);
export const formatSigned = (value: number): string => signed.format(value);
export const formatShort = (value: number): string => (value < 100_000 ? whole.format(value) : short.format(value));
/** At most four characters, and never more than there is: `12,960` → `12K`. */
export const formatTiny = (value: number): string => (value < 1_000 ? whole.format(value) : tiny.format(value));
export const formatClock = (tsMs: number): string => clock.format(tsMs);
/** `Tue, 12 May, 14:05`, in the browser's zone. */
export const formatMoment = (tsMs: number): string => moment.format(tsMs);
export const formatStamp = (tsMs: number): string => stamp.format(tsMs);
export const formatCoins = (coins: number): string => `${whole.format(coins)} ${coins === 1 ? 'coin' : 'coins'}`;

/** `4:59`; what is over is `0:00`. */
export function formatCountdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A name of the wire in plain words: `coin_refund` → `Coin refund`. */
export function inWords(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
