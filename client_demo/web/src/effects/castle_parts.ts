import { mixHex, palette, tone } from './shared/colour';
import { fillRound, fillShape, linear } from './shared/paths';
import { between, createRandom } from './shared/random';
import { memo } from './shared/memo';
import type { Pen } from './shared/scene';

/** Castle units: 100 is the width of the whole, the ground is y = 0, up is negative. */
export interface Tower {
  x: number;
  width: number;
  height: number;
  roof: number;
  hue: 'rose' | 'sky';
  /** Back towers are built and roofed first. */
  rank: number;
  windows: readonly number[];
}

export const TOWERS: readonly Tower[] = [
  { x: -17, width: 11, height: 44, roof: 17, hue: 'sky', rank: 1, windows: [-37] },
  { x: 17, width: 11, height: 44, roof: 17, hue: 'sky', rank: 2, windows: [-37] },
  { x: 0, width: 16, height: 53, roof: 22, hue: 'rose', rank: 0, windows: [-45, -34] },
  { x: -38, width: 14, height: 31, roof: 18, hue: 'rose', rank: 3, windows: [-23, -12] },
  { x: 38, width: 14, height: 31, roof: 18, hue: 'rose', rank: 4, windows: [-23, -12] },
];

const WALL = { half: 34, height: 23 };

export interface Stone {
  x: number;
  y: number;
  width: number;
  height: number;
  colour: string;
  spin: number;
  /** 0 first to 1 last. */
  order: number;
}

/** Every stone of towers and wall in the order of painting; lower courses fly first. */
export function stones(): readonly Stone[] {
  return memo('castle-stones', () => {
    const random = createRandom(23);
    const back = TOWERS.slice(0, 3).flatMap((tower) => layCourses(random, { left: tower.x - tower.width / 2, width: tower.width, height: tower.height, across: tower.width > 14 ? 4 : 3 }));
    const wall = layCourses(random, { left: -WALL.half, width: WALL.half * 2, height: WALL.height, across: 12 });
    const teeth = Array.from({ length: 9 }, (_, index): Stone => ({ x: -WALL.half + 2 + index * 7.6, y: -WALL.height - 3, width: 4.2, height: 3.2, colour: mixHex('#f3ecff', '#a08ee0', (index + 1) / 10), spin: 1, order: 0.86 + index * 0.01 }));
    const front = TOWERS.slice(3).flatMap((tower) => layCourses(random, { left: tower.x - tower.width / 2, width: tower.width, height: tower.height, across: 3 }));
    return [...back, ...wall, ...teeth, ...front];
  });
}

function layCourses(random: () => number, block: { left: number; width: number; height: number; across: number }): Stone[] {
  const courses = Math.round(block.height / 4);
  const [size, rise] = [block.width / block.across, block.height / courses];
  return Array.from({ length: courses }, (_, course) => {
    const shift = course % 2 === 0 ? 0 : size / 2;
    return Array.from({ length: block.across + (shift > 0 ? 1 : 0) }, (_, index): Stone => {
      const left = Math.max(block.left, block.left + index * size - shift);
      const right = Math.min(block.left + block.width, block.left + (index + 1) * size - shift);
      const light = 0.16 + 0.5 * ((left - block.left) / block.width) + between(random, -0.1, 0.14);
      const order = Math.min(1, ((course + random() * 1.4) / 15) * 1.02);
      // A hair of overlap keeps the joints between stones closed at any scale.
      return { x: left, y: -(course + 1) * rise, width: right - left - 0.22, height: rise - 0.22, colour: mixHex('#f6f1ff', '#8a74d0', light), spin: between(random, -2.4, 2.4), order };
    });
  }).flat();
}

/** Once the mortar is dry: one light from the left over each round tower, joints closed. */
export function paintShade(pen: Pen): void {
  for (const { x, width, height } of TOWERS) {
    pen.fillStyle = linear(pen, [x - width / 2, 0, x + width / 2, 0], 'rgba(255,255,255,.4)', 'rgba(255,255,255,.1)', 'rgba(70,50,150,.16)', 'rgba(50,30,130,.46)');
    if (height > 40) pen.fillRect(x - width / 2, -height, width, height - WALL.height);
    else pen.fillRect(x - width / 2, -height, width, height);
    pen.fillStyle = linear(pen, [x - width / 2 - 1.4, 0, x + width / 2 + 1.4, 0], '#ffffff', '#d9ccfa', '#8a74d0');
    fillRound(pen, [x - width / 2 - 1.4, -height, width + 2.8, 3.2], 1);
  }
  pen.fillStyle = linear(pen, [0, -WALL.height, 0, 0], 'rgba(255,255,255,.1)', 'rgba(60,40,140,.3)');
  pen.fillRect(-31, -WALL.height, 62, WALL.height);
}

/** A cone with a curled brim, its foot on (0, 0). */
export function paintRoof(pen: Pen, tower: Tower): void {
  const [half, rise] = [tower.width / 2 + 3, tower.roof];
  const tones = palette[tower.hue];
  pen.fillStyle = linear(pen, [-half, 0, half, 0], tones[1], tones[2], tones[3], tones[4]);
  pen.beginPath();
  pen.moveTo(0, -rise);
  pen.quadraticCurveTo(half * 0.25, -rise * 0.35, half, 0);
  pen.quadraticCurveTo(0, 3.4, -half, 0);
  pen.quadraticCurveTo(-half * 0.25, -rise * 0.35, 0, -rise);
  pen.fill();
  pen.fillStyle = 'rgba(255,255,255,.4)';
  pen.beginPath();
  pen.moveTo(-0.6, -rise * 0.82);
  pen.quadraticCurveTo(-half * 0.26, -rise * 0.3, -half * 0.78, 0.2);
  pen.quadraticCurveTo(-half * 0.6, 1, -half * 0.45, 1.2);
  pen.quadraticCurveTo(-half * 0.14, -rise * 0.3, -0.6, -rise * 0.82);
  pen.fill();
  pen.fillStyle = tone('gold', 1);
  fillRound(pen, [-0.9, -rise - 1.4, 1.8, 2.4], 0.9);
}

export function paintFlag(pen: Pen, tower: Tower, { unfurled, clock_s }: { unfurled: number; clock_s: number }): void {
  const [x, foot] = [tower.x, -tower.height - tower.roof + 1];
  pen.fillStyle = tone('gold', 1);
  fillRound(pen, [x - 0.4, foot - 10, 0.8, 11], 0.4);
  pen.fillStyle = linear(pen, [x, 0, x + 10, 0], tower.hue === 'rose' ? tone('gold', 2) : tone('rose', 1), tower.hue === 'rose' ? tone('coral', 2) : tone('rose', 2));
  pen.beginPath();
  const wave = (along: number): number => Math.sin(along * 5 - clock_s * 5 + x) * 0.8 * along;
  for (let step = 0; step <= 8; step += 1) pen.lineTo(x + 0.4 + (step / 8) * 10 * unfurled, foot - 9.6 + wave(step / 8));
  pen.lineTo(x + 0.4 + 7.6 * unfurled, foot - 7 + wave(0.8));
  for (let step = 8; step >= 0; step -= 1) pen.lineTo(x + 0.4 + (step / 8) * 10 * unfurled, foot - 4.4 + wave(step / 8));
  pen.fill();
}

/** An arched window, dark until it is lit. */
export function paintWindow(pen: Pen, { x, y, size }: { x: number; y: number; size: number }, lit: number): void {
  pen.fillStyle = mixHex('#3a2d80', '#ffe08a', lit);
  pen.beginPath();
  pen.moveTo(x - size / 2, y + size);
  pen.lineTo(x - size / 2, y - size * 0.2);
  pen.arc(x, y - size * 0.2, size / 2, Math.PI, 0);
  pen.lineTo(x + size / 2, y + size);
  pen.fill();
}

export function paintGate(pen: Pen, { shown, lit }: { shown: number; lit: number }): void {
  if (shown <= 0) return;
  pen.globalAlpha = shown;
  fillShape(pen, 'M-8.500 0V-10a8.500 8.500 0 0 1 17 0V0z', '#4a3a98');
  fillShape(pen, 'M-6.700 0V-9.800a6.700 6.700 0 0 1 13.400 0V0z', linear(pen, [0, -16, 0, 0], mixHex('#3a2d80', '#fff0b8', lit), mixHex('#2a2060', '#f59e2a', lit)));
  fillShape(pen, 'M-.4-16.400h.8V0h-.8zM-3.800-15.400h.6V0h-.6zM3.200-15.400h.6V0h-.6zM-6.700-6h13.400v.6H-6.700zM-6.700-11h13.400v.6H-6.700z', 'rgba(74,44,120,.75)');
  pen.globalAlpha = 1;
}
