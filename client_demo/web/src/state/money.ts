// Money on screen. Nothing here ever divides an amount into a float: digits are moved, not computed.

const UNITS_PER_DIAMOND = 10_000;
const UNIT_DIGITS = 4;
const whole = new Intl.NumberFormat('en-US');

/** How many digits the minor unit of a currency has: JPY 0, USD 2, KWD 3. */
export function minorDigits(currency: string): number {
  return formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/** `129` and `EUR` → `€1.29`. */
export function formatMoney(minor: number, currency: string): string {
  return formatOf(currency).format(withPoint(minor, minorDigits(currency)) as Intl.StringNumericLiteral);
}

/** Units as diamonds, exactly: `63000` → `6.3`. */
export function formatDiamonds(units: number): string {
  const rest = units % UNITS_PER_DIAMOND;
  const sign = units < 0 ? '-' : '';
  const diamonds = whole.format(Math.abs((units - rest) / UNITS_PER_DIAMOND));
  const fraction = String(Math.abs(rest)).padStart(UNIT_DIGITS, '0').replace(/0+$/, '');
  return `${sign}${diamonds}${fraction === '' ? '' : `.${fraction}`}`;
}

/** What a person typed as diamonds, in units; null where it is not such a number above zero. */
export function unitsFromDiamonds(text: string): number | null {
  const match = /^(\d{1,11})(?:\.(\d{1,4}))?$/.exec(text.trim().replaceAll(',', ''));
  if (!match) return null;
  const units = Number((match[1] ?? '') + (match[2] ?? '').padEnd(UNIT_DIGITS, '0'));
  return units > 0 ? units : null;
}

function withPoint(minor: number, digits: number): string {
  if (digits === 0) return String(minor);
  const all = String(Math.abs(minor)).padStart(digits + 1, '0');
  return `${minor < 0 ? '-' : ''}${all.slice(0, -digits)}.${all.slice(-digits)}`;
}

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(currency: string): Intl.NumberFormat {
  let format = formats.get(currency);
  if (!format) formats.set(currency, (format = new Intl.NumberFormat('en-US', { style: 'currency', currency })));
  return format;
}
