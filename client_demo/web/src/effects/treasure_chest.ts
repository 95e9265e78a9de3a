import { tone } from './shared/colour';
import { fillEllipse, fillRound, fillShape, linear } from './shared/paths';
import type { Pen } from './shared/scene';

const LID_HINGE = -42;

/** What stands behind the coins: the raised lid's inside and the glow of the box. About 100 units wide, on y = 0. */
export function paintChestBack(pen: Pen, open: number): void {
  if (open > 0.5) paintRaisedLid(pen, (open - 0.5) * 2);
  fillShape(pen, 'M-48-46h96v12h-96z', '#2a100c');
  pen.fillStyle = linear(pen, [0, -50, 0, -34], tone('gold', 0), tone('gold', 3));
  pen.globalAlpha = open;
  fillEllipse(pen, 0, -41, [44, 7]);
  pen.globalAlpha = 1;
}

/** The box, its bands and lock, and the lid for as long as it is still in front. */
export function paintChestFront(pen: Pen, open: number): void {
  paintBox(pen);
  if (open <= 0.5) paintClosedLid(pen, 1 - open * 2);
  paintLock(pen, open);
}

function paintBox(pen: Pen): void {
  fillShape(pen, 'M-48-40h96L43-4q-1 4-5 4h-76q-4 0-5-4z', linear(pen, [-40, -40, 36, 0], '#e29a58', tone('wood', 2), tone('wood', 3)));
  fillShape(pen, 'M-46.500-28h93l-.5 2.400h-92zM-45-15h90l-.5 2.400h-89z', 'rgba(58,24,14,.5)');
  const band = linear(pen, [-44, -44, 44, 0], tone('gold', 1), tone('gold', 2), tone('gold', 3), tone('gold', 4));
  fillShape(pen, 'M-42-40h11l3 40h-9q-3 0-3-4zM42-40H31l-3 40h9q3 0 3-4z', band);
  fillShape(pen, 'M-51-46h102q2.500 0 2.500 2.500v7q0 2.500-2.500 2.500h-102q-2.500 0-2.500-2.500v-7q0-2.500 2.500-2.500z', band);
  fillShape(pen, 'M-50-45h100v2.200h-100z', 'rgba(255,255,255,.6)');
  fillShape(pen, 'M20-33h26L42-4q-1 4-5 4H24z', 'rgba(40,10,10,.24)');
  pen.fillStyle = tone('gold', 0);
  for (const [x, y] of [[-36.5, -27], [-34.5, -8], [36.5, -27], [34.5, -8]] as const) fillEllipse(pen, x, y, [1.8, 1.8]);
}

function paintClosedLid(pen: Pen, height: number): void {
  pen.save();
  pen.translate(0, LID_HINGE);
  pen.scale(1, height);
  fillShape(pen, 'M-50 0C-52-24-40-36-22-38h44C40-36 52-24 50 0z', linear(pen, [-40, -38, 40, 0], '#f0ac68', tone('wood', 2), tone('wood', 3)));
  fillShape(pen, 'M-47-14h94l1 2.400h-96zM-40-26h80l2 2.400h-84z', 'rgba(58,24,14,.45)');
  fillShape(pen, 'M-42 0c-1-18 2-30 9-36l9-2c-6 8-8 22-7 38zM42 0c1-18-2-30-9-36l-9-2c6 8 8 22 7 38z', linear(pen, [-40, -38, 40, 0], tone('gold', 1), tone('gold', 2), tone('gold', 4)));
  fillShape(pen, 'M-44-20c4-9 11-14 22-15v3c-9 1-15 5-19 13z', 'rgba(255,255,255,.5)');
  pen.restore();
}

function paintRaisedLid(pen: Pen, height: number): void {
  pen.save();
  pen.translate(0, LID_HINGE);
  pen.scale(1, height);
  fillShape(pen, 'M-50 0C-50-30-30-46 0-46S50-30 50 0z', linear(pen, [-40, -46, 40, 0], '#c98446', tone('wood', 2), tone('wood', 3)));
  fillShape(pen, 'M-50 0C-50-30-30-46 0-46S50-30 50 0h-4C46-27 28-42 0-42S-46-27-46 0z', linear(pen, [-40, -46, 40, 0], tone('gold', 0), tone('gold', 2), tone('gold', 4)));
  fillShape(pen, 'M-42 0C-42-25-26-38 0-38S42-25 42 0z', linear(pen, [0, -38, 0, 0], '#33130f', '#8a4a1e', '#f0a83c'));
  pen.restore();
}

function paintLock(pen: Pen, open: number): void {
  pen.fillStyle = linear(pen, [-10, -48, 12, -22], tone('gold', 0), tone('gold', 2), tone('gold', 4));
  fillRound(pen, [-10, -45 + open * 3, 20, 22], 6);
  fillShape(pen, 'M0-40a4 4 0 0 1 2 7.400l1.600 6.400h-7.200l1.600-6.400A4 4 0 0 1 0-40z', '#4a1c0c');
}
