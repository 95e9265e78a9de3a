import { decode, encode } from '@msgpack/msgpack';
import type { ClientMessage, ServerMessage } from './messages';

/** One encoding of the same messages; the subprotocol tells the server which. */
export interface Codec {
  readonly subprotocol: string;
  encode(message: ClientMessage): string | Uint8Array<ArrayBuffer>;
  /** The message, or null for anything that is not a map with a `type`: clients ignore what they do not know. */
  decode(data: unknown): ServerMessage | null;
}

export const jsonCodec: Codec = {
  subprotocol: 'giftwave.v1.json',
  encode: (message) => JSON.stringify(message),
  decode: (data) => (typeof data === 'string' ? asMessage(JSON.parse(data)) : null),
};

export const msgpackCodec: Codec = {
  subprotocol: 'giftwave.v1.msgpack',
  encode: (message) => encode(message),
  decode: (data) => {
    if (data instanceof ArrayBuffer) return asMessage(decode(new Uint8Array(data)));
    return data instanceof Uint8Array ? asMessage(decode(data)) : null;
  },
};

function asMessage(value: unknown): ServerMessage | null {
  const isMessage = typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
  return isMessage ? (value as ServerMessage) : null;
}
