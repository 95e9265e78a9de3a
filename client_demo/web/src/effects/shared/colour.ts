import { memo } from './memo';

/** The palette of the gift icons, light to deep; every effect paints from it so that the set stays a family. */
export const palette = {
  rose: ['#ffd6df', '#ff9bb5', '#ff4f80', '#d92b66', '#8f1447'],
  coral: ['#ffe3c2', '#ffc08a', '#ff8a4c', '#e0562a', '#a83c1a'],
  gold: ['#fffbe6', '#fff0b8', '#ffd15c', '#f59e2a', '#b8641a'],
  mint: ['#e0fff2', '#a8ffd8', '#4fd8a4', '#1f9d7a', '#0a4f4c'],
  sky: ['#e6f7ff', '#c6ecff', '#6cc4ff', '#2f86e8', '#1b4fae'],
  violet: ['#f3ecff', '#dccbff', '#a583ff', '#6d45e0', '#3d2396'],
  wood: ['#ffdca3', '#d98a4a', '#9a5228', '#5b2a16', '#3a180e'],
  leaf: ['#c9ffd8', '#9df0b4', '#35b877', '#137a58', '#0d5f49'],
} as const;

export type Hue = keyof typeof palette;

/** The hue's tone: 0 lightest to 4 deepest. */
export function tone(hue: Hue, depth: 0 | 1 | 2 | 3 | 4): string {
  return palette[hue][depth];
}

/** `#rrggbb` with an opacity. */
export function fadeHex(hex: string, alpha: number): string {
  const { red, green, blue } = parse(hex);
  return `rgba(${red},${green},${blue},${Math.round(alpha * 1000) / 1000})`;
}

/** The colour `share` of the way from one `#rrggbb` to another. */
export function mixHex(from: string, to: string, share: number): string {
  const [a, b] = [parse(from), parse(to)];
  const blend = (x: number, y: number): number => Math.round(x + (y - x) * share);
  return `rgb(${blend(a.red, b.red)},${blend(a.green, b.green)},${blend(a.blue, b.blue)})`;
}

interface Channels {
  red: number;
  green: number;
  blue: number;
}

function parse(hex: string): Channels {
  return memo(`hex:${hex}`, () => {
    const bits = Number.parseInt(hex.slice(1), 16);
    return { red: bits >> 16, green: (bits >> 8) & 255, blue: bits & 255 };
  });
}
