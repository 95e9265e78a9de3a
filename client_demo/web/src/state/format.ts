const whole = new Intl.NumberFormat('en-US');
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const formatWhole = (value: number): string => whole.format(value);
export const formatShort = (value: number): string => (value < 100_000 ? whole.format(value) : short.format(value));
export const formatClock = (tsMs: number): string => clock.format(tsMs);
export const formatCoins = (coins: number): string => `${whole.format(coins)} ${coins === 1 ? 'coin' : 'coins'}`;
