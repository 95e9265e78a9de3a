import { tone } from './shared/colour';
import { fillEllipse, fillRound, fillShape, linear } from './shared/paths';
import type { Pen } from './shared/scene';

/** The racer from behind, about 90 units wide, standing on y = 0. */
export function paintCar(pen: Pen, { burn, flicker }: { burn: number; flicker: number }): void {
  pen.fillStyle = 'rgba(4,2,16,.6)';
  fillEllipse(pen, 0, 0, [52, 6]);
  paintWheels(pen);
  if (burn > 0) paintFlames(pen, burn * (1 + 0.12 * flicker));
  paintShell(pen);
  paintCabin(pen);
  paintTail(pen);
}

function paintWheels(pen: Pen): void {
  for (const side of [-1, 1]) {
    pen.fillStyle = linear(pen, [side * 45 - 8, 0, side * 45 + 8, 0], '#1a1630', '#3a3466', '#0c0a1c');
    fillRound(pen, [side * 38 - 8, -18, 16, 19], 5);
  }
}

function paintShell(pen: Pen): void {
  const body = linear(pen, [-46, -44, 40, 0], '#ffb3d9', '#ff3f96', '#b01a8a', '#4a0870');
  fillShape(pen, 'M-46-8C-50-22-49-32-42-38-30-44-16-46 0-46s30 2 42 8c7 6 8 16 4 30-2 4-6 5-10 5h-72c-4 0-8-1-10-5z', body);
  fillShape(pen, 'M-40-37C-28-42-14-44 0-44s28 2 40 7C28-40 14-41.500 0-41.500S-28-40-40-37z', 'rgba(255,255,255,.75)');
  fillShape(pen, 'M-44-12h88c-1 6-4 9-8 9h-72c-4 0-7-3-8-9z', linear(pen, [0, -12, 0, -2], '#241444', '#0e0824'));
  fillShape(pen, 'M-14-11h28v6h-28z', '#3a2a66');
}

function paintCabin(pen: Pen): void {
  fillShape(pen, 'M-31-43C-26-58-20-63-12-64 0-65.500 0-65.500 12-64c8 1 14 6 19 21-20-3-42-3-62 0z', linear(pen, [-24, -64, 26, -40], '#ff7fc0', '#c21f8f', '#5a0a80'));
  fillShape(pen, 'M-26-44.500C-22-56-17-60-11-60.800 0-62 0-62 11-60.800c6 .8 11 4.800 15 16.300-17-2.500-35-2.500-52 0z', linear(pen, [-22, -60, 22, -44], '#cfeaff', '#4a7fe0', '#1b1c5a'));
  fillShape(pen, 'M-22-47c3-7 7-11 13-12L-15-47.500z', 'rgba(255,255,255,.6)');
}

function paintTail(pen: Pen): void {
  const glow = linear(pen, [0, -34, 0, -24], '#ffd0d8', '#ff3d5c', '#c2143f');
  fillShape(pen, 'M-43-33C-32-36-22-36-12-34l-2 6C-24-30-34-29-42-26zM43-33C32-36 22-36 12-34l2 6C24-30 34-29 42-26z', glow);
  fillShape(pen, 'M-12-33h24l-1 3h-22z', '#ff5d7c');
  // The wing stands on two struts above the boot.
  fillShape(pen, 'M-28-52h3l2 10h-4zM25-52h3l-1 10h-4z', '#3d0a66');
  fillShape(pen, 'M-42-55C-26-58 26-58 42-55l-1 5.500C26-52.500-26-52.500-41-49.500z', linear(pen, [-40, -58, 40, -48], '#ffd0ea', '#ff3f96', '#8a1490'));
  fillShape(pen, 'M-41-55.400C-26-57.800 10-57.800 28-56.800 10-56.800-26-56.400-41-54.400z', 'rgba(255,255,255,.8)');
}

function paintFlames(pen: Pen, size: number): void {
  for (const x of [-24, 24]) {
    pen.save();
    pen.translate(x, -7);
    pen.scale(1, size);
    pen.fillStyle = linear(pen, [0, 0, 0, 19], '#e6f7ff', tone('sky', 2), 'rgba(110,60,255,0)');
    pen.fill(new Path2D('M-6 0C-9 7-5 13 0 19 5 13 9 7 6 0z'));
    pen.fillStyle = linear(pen, [0, 0, 0, 11], '#ffffff', 'rgba(200,240,255,0)');
    pen.fill(new Path2D('M-3.500 0C-5 5-2 8 0 11 2 8 5 5 3.500 0z'));
    pen.restore();
  }
}
