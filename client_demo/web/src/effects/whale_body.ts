import { fillCircle, fillEllipse, fillShape, linear } from './shared/paths';
import type { Pen } from './shared/scene';

/** A whale heading right, its middle on (0, 0), about 100 units long; `sway` -1..1 moves tail and fin. */
export function paintWhale(pen: Pen, sway: number): void {
  paintTail(pen, sway);
  const hide = linear(pen, [-10, -24, 14, 24], '#8fd4ff', '#3f8ff0', '#2560cc', '#163a9c');
  fillShape(pen, 'M-46-4C-30-12-16-22 8-23 34-24 50-12 50 2 50 16 34 24 8 23-16 22-32 8-46 2z', hide);
  paintBelly(pen);
  fillShape(pen, 'M-38-6C-20-14-6-20 10-20.500 26-21 38-16 44-8 34-15 22-17.500 10-17-8-16-22-10-38-6z', 'rgba(255,255,255,.5)');
  fillShape(pen, 'M-8-21C-12-28-18-29-22-28-19-25-18-22-18-17z', hide);
  paintFin(pen, sway);
  paintFace(pen);
  pen.fillStyle = 'rgba(255,255,255,.4)';
  for (const [x, y, radius] of [[-2, -12, 1.3], [4, -15, 1], [-10, -9, 0.9], [12, -13, 0.8], [-18, -7, 1]] as const) fillCircle(pen, x, y, radius);
}

function paintTail(pen: Pen, sway: number): void {
  pen.save();
  pen.translate(-42, -1);
  pen.rotate(sway * 0.2 - 0.15);
  fillShape(pen, 'M6-6C-4-7-10-9-14-18-24-18-30-12-31-8-25-9-20-7-17-1-22 4-25 8-31 8-27 13-20 15-14 12-10 6-4 5 6 5z', linear(pen, [-30, -18, 0, 12], '#7fc8ff', '#2f78e0', '#163a9c'));
  pen.restore();
}

function paintBelly(pen: Pen): void {
  fillShape(pen, 'M49 5C46 17 32 24 8 23-6 22.500-18 17-28 11-14 13 0 12 14 9 28 6 40 4 49 5z', linear(pen, [0, 6, 6, 24], '#f6fcff', '#b9dcf8', '#8fbce8'));
  for (const [from, to] of [[9, 13], [12, 16.5], [15, 19.5]] as const) {
    fillShape(pen, `M46 ${from - 1}C34 ${to} 16 ${to + 3} -6 ${to + 1} 16 ${to + 1.6} 34 ${to - 1.6} 46 ${from - 1}z`, 'rgba(80,140,210,.75)');
  }
}

function paintFin(pen: Pen, sway: number): void {
  pen.save();
  pen.translate(8, 10);
  pen.rotate(0.35 + sway * 0.24);
  fillShape(pen, 'M6-3C6 8-2 22-18 30-22 31-22 27-20 24-14 15-10 6-8-2-4-6 4-7 6-3z', linear(pen, [-16, 0, 4, 30], '#6fbcff', '#2560cc', '#122f88'));
  pen.restore();
}

function paintFace(pen: Pen): void {
  pen.fillStyle = '#0b1440';
  fillCircle(pen, 31, -1, 2.7);
  pen.fillStyle = '#ffffff';
  fillCircle(pen, 30.2, -2, 1);
  fillShape(pen, 'M50 2C44 6.500 38 6.500 33 5.500c5 2.500 12 2.500 17-1z', '#0f2a78');
  pen.fillStyle = 'rgba(255,150,190,.6)';
  fillEllipse(pen, 34, 4.4, [2.6, 1.4]);
}

/** The tail alone, upright, its stem going down from (0, 0). */
export function paintFluke(pen: Pen): void {
  fillShape(pen, 'M-4-24C-10-36-26-40-44-36-36-46-18-48 0-38 18-48 36-46 44-36 26-40 10-36 4-24 5-8 9 16 16 48h-32C-9 16-5-8-4-24z', linear(pen, [-30, -44, 24, 30], '#8fd4ff', '#3f8ff0', '#1f52bc', '#122f88'));
  fillShape(pen, 'M-38-39C-26-44-12-43-2-36-14-40-26-40-38-39z', 'rgba(255,255,255,.55)');
}
