import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonCodec, msgpackCodec } from '../src/sdk';

const FOLDER = resolve(import.meta.dirname, '../../../tests/golden');
const VECTORS_MIN = 10;

interface Vector {
  name: string;
  direction: 'client' | 'server';
  message: Record<string, unknown>;
  json: string;
  msgpack_hex: string;
}

const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.json')) : [];
const vectors = files.map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Vector);

describe('the golden vectors', () => {
  it('are all here', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(VECTORS_MIN);
  });

  it.each(vectors)('$name reads the same from json and msgpack', ({ message, json, msgpack_hex }) => {
    expect(jsonCodec.decode(json)).toEqual(message);
    expect(msgpackCodec.decode(Uint8Array.from(Buffer.from(msgpack_hex, 'hex')))).toEqual(message);
  });
});
