/** Source of random bytes; `crypto.getRandomValues` unless a test says otherwise. */
export type FillRandom = (bytes: Uint8Array<ArrayBuffer>) => void;

const fillFromCrypto: FillRandom = (bytes) => void globalThis.crypto.getRandomValues(bytes);

/** A UUIDv7 (RFC 9562) for one wish to send a gift: made before the first try, kept for every retry. */
export function newIntentId(nowMs: number, fillRandom: FillRandom = fillFromCrypto): string {
  const bytes = new Uint8Array(16);
  fillRandom(bytes);
  // 48 bits of time do not fit JavaScript's 32-bit shifts, so the high 16 are split off by division.
  const high = Math.floor(nowMs / 0x1_0000_0000);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, high);
  view.setUint32(2, nowMs >>> 0);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  return format(bytes);
}

/** When an intent was made, read back from its first 48 bits. */
export function intentMadeAtMs(intentId: string): number {
  return Number.parseInt(intentId.slice(0, 8) + intentId.slice(9, 13), 16);
}

function format(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
