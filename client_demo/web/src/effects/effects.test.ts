import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { effects } from './index';
import type { Effect } from './index';

const WEB = resolve(import.meta.dirname, '../..');
const CATALOGUE = readFileSync(resolve(WEB, '../../server/catalogue/gifts.toml'), 'utf8');
const GIFTS = [...CATALOGUE.matchAll(/\[\[gift\]\]\n([^[]*)/g)].map(([, block = '']) => readGift(block));

const SVG_BYTES_MAX = 6 * 1024;
// Milliseconds, shortest and longest: a tray row must clear fast, a legend may take its time.
const DURATION_BY_TIER: Record<number, readonly [number, number]> = { 1: [1200, 1800], 2: [1200, 1800], 3: [3000, 4000], 4: [4000, 5500], 5: [6000, 8000] };

function readGift(block: string): { id: string; tier: number; effect: string; still: string } {
  const field = (name: string): string => new RegExp(`^${name} = "?([^"\\n]+)"?`, 'm').exec(block)?.[1] ?? '';
  return { id: field('id'), tier: Number(field('tier')), effect: field('effect'), still: field('still') };
}

/** A 2D context that writes down what is asked of it and draws nothing. */
function recordingPen(calls: string[]): CanvasRenderingContext2D {
  const state: Record<string, unknown> = { globalAlpha: 1 };
  return new Proxy(state, {
    set: (target, name, value) => {
      target[String(name)] = value;
      calls.push(`${String(name)}=${describeValue(value)}`);
      return true;
    },
    get: (target, name) => {
      if (name in target) return target[String(name)];
      if (typeof name === 'symbol') return undefined;
      return (...args: unknown[]) => {
        calls.push(`${name}(${args.map(describeValue).join()})`);
        return name.startsWith('create') ? { addColorStop: (at: number, colour: string) => calls.push(`stop ${at} ${colour}`) } : undefined;
      };
    },
  }) as unknown as CanvasRenderingContext2D;
}

function describeValue(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : value instanceof FakePath ? `path ${value.data}` : typeof value;
}

class FakePath {
  constructor(readonly data: string) {}
}

class FakeCanvas {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}
  getContext(): CanvasRenderingContext2D {
    return recordingPen([]);
  }
}

function draw(effect: Effect, progress: number, options: { seed?: number; width?: number; height?: number } = {}): string[] {
  const calls: string[] = [];
  const { seed = 7, width = 1280, height = 720 } = options;
  effect.draw(recordingPen(calls), { width, height, seed, progress, elapsed_ms: progress * effect.duration_ms, still: null });
  return calls;
}

function effectOf(id: string): Effect {
  const effect = effects.get(id);
  if (!effect) throw new Error(`no effect ${id}`);
  return effect;
}

beforeAll(() => {
  vi.stubGlobal('OffscreenCanvas', FakeCanvas);
  vi.stubGlobal('Path2D', FakePath);
});
afterAll(() => vi.unstubAllGlobals());

test('the catalogue has 25 gifts, and every effect belongs to one', () => {
  expect(GIFTS).toHaveLength(25);
  expect([...effects.keys()].sort()).toEqual(GIFTS.map((gift) => gift.effect).sort());
});

describe.each(GIFTS)('$id', ({ id, tier, effect: name, still }) => {
  test('is shown in the lane of its tier, for as long as its tier allows', () => {
    const effect = effectOf(name);
    const [shortest = 0, longest = 0] = DURATION_BY_TIER[tier] ?? [];

    expect(effect.id).toBe(name);
    expect(effect.lane).toBe(tier <= 2 ? 'tray' : 'stage');
    expect(effect.duration_ms).toBeGreaterThanOrEqual(shortest);
    expect(effect.duration_ms).toBeLessThanOrEqual(longest);
  });

  test('draws the same frame from the same inputs, whatever was drawn before', () => {
    const effect = effectOf(name);
    const progresses = [0.11, 0.37, 0.5, 0.73, 0.91];

    const first = progresses.map((progress) => draw(effect, progress));
    const again = progresses.toReversed().map((progress) => draw(effect, progress)).toReversed();

    expect(again).toEqual(first);
    for (const frame of first) expect(frame.length).toBeGreaterThan(10);
  });

  test('ends as it began: with an empty canvas', () => {
    const effect = effectOf(name);
    const paints = /^(fill|fillRect|stroke|drawImage|fillText)\(/;

    for (const progress of [0, 1]) expect(draw(effect, progress).filter((call) => paints.test(call))).toEqual([]);
  });

  test('is nearly invisible just after its start and just before its end', () => {
    const effect = effectOf(name);

    for (const progress of [0.004, 0.996]) {
      const calls = draw(effect, progress);
      const veil = calls.lastIndexOf('globalCompositeOperation=destination-out');
      const removed = Number(calls.slice(veil).find((call) => call.startsWith('globalAlpha='))?.split('=')[1] ?? 1);
      expect(removed).toBeGreaterThan(0.9);
    }
  });

  test('restores the canvas and never asks it for a number that is not one', () => {
    const effect = effectOf(name);

    for (const [width, height] of [[1920, 1080], [360, 640], [360, 240]] as const) {
      for (let step = 1; step < 24; step += 1) {
        const calls = draw(effect, step / 24, { width, height, seed: step * 7919 });
        const count = (name: string): number => calls.filter((call) => call === name).length;
        expect(count('save()')).toBe(count('restore()'));
        expect(calls.filter((call) => /NaN|Infinity|undefined/.test(call))).toEqual([]);
      }
    }
  });

  test('dims the video by no more than 35 %, and fills the stage with nothing else', () => {
    const effect = effectOf(name);

    for (let step = 3; step < 20; step += 1) {
      const calls = draw(effect, step / 24 + 0.1);
      let alpha = 1;
      let mode = 'source-over';
      for (const call of calls) {
        if (call.startsWith('globalAlpha=')) alpha = Number(call.slice(12));
        if (call.startsWith('globalCompositeOperation=')) mode = call.slice(25);
        if (call === 'fillRect(0,0,1280,720)' && mode !== 'destination-out') expect(alpha).toBeLessThanOrEqual(0.35);
      }
    }
  });

  test('has a still that is a small, self-contained picture without words', () => {
    const svg = readFileSync(resolve(WEB, `public/gifts/${still}.svg`), 'utf8');
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, found]) => found);

    expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(SVG_BYTES_MAX);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 96 96"/);
    expect(openTags(svg)).toEqual([]);
    expect(svg).not.toMatch(/<(script|text|tspan|image|foreignObject|style|a)\b|\son\w+=|href=|url\((?!#)|@import/);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, used] of svg.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(used);
    for (const own of ids) expect(own).toMatch(new RegExp(`^${id}-`));
  });
});

test('no two effects draw alike', () => {
  const frames = [...effects.values()].map((effect) => [0.3, 0.6].map((progress) => draw(effect, progress).join('\n')).join('\n\n'));

  expect(new Set(frames).size).toBe(effects.size);
});

test('another seed scatters the particles another way', () => {
  const seeded = [...effects.values()].filter((effect) => draw(effect, 0.62, { seed: 1 }).join() !== draw(effect, 0.62, { seed: 2 }).join());

  // Coffee, guitar strings and the like are choreographed to the last point; most gifts have something of chance in them.
  expect(seeded.length).toBeGreaterThanOrEqual(18);
});

test('fireworks never burst three times within a second', () => {
  const effect = effectOf('fireworks');
  const frames_per_s = 60;
  const count = Math.round((effect.duration_ms / 1000) * frames_per_s);
  // A burst strokes the tails of its outer and of its inner sparks; nothing else in the scene strokes.
  const burning = Array.from({ length: count }, (_, frame) => draw(effect, frame / count).filter((call) => call === 'stroke()').length / 2);

  const bursts = burning.flatMap((shells, frame) => (shells > (burning[frame - 1] ?? 0) ? [frame] : []));
  expect(bursts.length).toBeGreaterThanOrEqual(6);
  for (const [index, frame] of bursts.entries()) expect((bursts[index + 2] ?? Infinity) - frame).toBeGreaterThan(frames_per_s * 0.8);
});

/** Tags opened and not closed in order; empty for a document that parses. */
function openTags(svg: string): string[] {
  const open: string[] = [];
  for (const [, closing, name = '', selfClosing] of svg.matchAll(/<(\/?)([a-zA-Z]+)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (selfClosing !== '/') open.push(name);
  }
  const left = svg.replace(/<\/?[a-zA-Z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '').trim();
  return left === '' ? open : [left];
}
