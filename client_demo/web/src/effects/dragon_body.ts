import { tone } from './shared/colour';
import { TAU } from './shared/ease';
import { fillCircle, fillEllipse, fillShape, linear } from './shared/paths';
import type { Pen } from './shared/scene';
import { sprite } from './shared/sprites';
import type { Sprite } from './shared/sprites';

/** One ring of the body, heading right: flaming fin above, scales, golden belly plates below. */
export function segmentSprite(kind: number): Sprite {
  return sprite(`dragon-segment${kind}`, { width: 132, height: 132 }, (pen) => {
    const fin = linear(pen, [-20, -64, 10, -30], tone('gold', 2), tone('coral', 2), '#c21f3b');
    fillShape(pen, kind === 0 ? 'M20-34C6-40-10-52-34-60-26-48-28-38-24-26z' : 'M18-36C8-42-4-46-22-50-18-42-20-36-16-30z', fin);
    pen.fillStyle = linear(pen, [-16, -44, 12, 44], '#a8ffd8', tone('mint', 2), '#15927a', '#0a5a54');
    fillEllipse(pen, 0, 0, [40, 43]);
    pen.save();
    pen.beginPath();
    pen.ellipse(0, 0, 40, 43, 0, 0, TAU);
    pen.clip();
    fillShape(pen, 'M-50 18Q0 34 50 18V50H-50z', linear(pen, [0, 18, 0, 44], tone('gold', 1), tone('gold', 2), tone('gold', 4)));
    fillShape(pen, 'M-4 22h3v26h-3zM18 20h3v26h-3zM-26 20h3v26h-3z', 'rgba(140,70,10,.45)');
    paintScales(pen);
    pen.restore();
    fillShape(pen, 'M-30-24C-20-36 6-40 24-32 8-35-14-32-26-20-30-16-33-20-30-24z', 'rgba(255,255,255,.45)');
  });
}

function paintScales(pen: Pen): void {
  for (let row = 0; row < 3; row += 1) {
    for (let column = 0; column < 4; column += 1) {
      const [x, y] = [-30 + column * 20 + (row % 2) * 10, -22 + row * 14];
      pen.fillStyle = 'rgba(6,70,66,.42)';
      fillEllipse(pen, x - 2, y, [9, 8]);
      pen.fillStyle = row === 0 ? 'rgba(170,255,220,.75)' : 'rgba(90,224,174,.8)';
      fillEllipse(pen, x, y - 1, [8.4, 7.4]);
    }
  }
}

export function paintFoot(pen: Pen): void {
  fillShape(pen, 'M-9-6C-2 12-2 26 4 36L18 32C12 20 12 6 10-8z', linear(pen, [-8, 0, 16, 30], tone('mint', 2), '#15927a', '#0a5a54'));
  for (const [x, y, turn] of [[3, 36, 0.5], [11, 37, 0], [18, 33, -0.55]] as const) {
    pen.save();
    pen.translate(x, y);
    pen.rotate(turn);
    fillShape(pen, 'M-4-4q4-3 8 0L2 13Q-3 8-4-4z', linear(pen, [-4, -4, 4, 12], tone('gold', 0), tone('gold', 2), tone('gold', 3)));
    pen.restore();
  }
}

export function tailTuft(pen: Pen): void {
  fillShape(pen, 'M6-6C-10-20-34-24-58-14-44-12-38-8-36-4-50-6-60 0-70 10-54 6-44 8-36 8-44 14-48 20-48 28-30 18-10 12 6 6z', linear(pen, [-60, -16, 0, 16], tone('gold', 2), tone('coral', 2), '#c21f3b'));
}

/** The head in profile, heading right, its neck at (0, 0); `gape` opens the mouth. About 100 units long. */
export function paintDragonHead(pen: Pen, { gape, clock_s }: { gape: number; clock_s: number }): void {
  paintMane(pen, clock_s);
  paintHorns(pen);
  const jade = linear(pen, [-10, -34, 30, 30], '#b8ffe0', tone('mint', 2), '#179a80', '#0a5a54');
  paintJaw(pen, gape, jade);
  fillShape(pen, 'M-22 4C-22-20-8-34 12-33 26-32 34-24 44-20 54-22 66-18 71-9 74-2 71 5 64 7 48 10 34 12 20 14 6 20-14 22-22 4z', jade);
  fillShape(pen, 'M-14-8C-10-22 0-28 12-28 24-27 32-20 42-16 28-16 8-20-14-8z', 'rgba(255,255,255,.4)');
  fillShape(pen, 'M30 9.500l5 8 4-9zM44 7.500l4 7 4-8zM57 6l3 6 4-7z', '#fffbe6');
  fillShape(pen, 'M56-14c5-4 12-2 13 3-4-3-8-3-13-3z', '#0a4f4c');
  paintEye(pen);
  paintWhiskers(pen, clock_s);
}

function paintMane(pen: Pen, clock_s: number): void {
  const fire = linear(pen, [-60, -30, 0, 20], tone('gold', 1), tone('gold', 2), tone('coral', 2), '#b8203f');
  for (let lock = 0; lock < 7; lock += 1) {
    pen.save();
    pen.translate(-6, -14 + lock * 6);
    pen.rotate((lock - 3) * -0.2 + Math.sin(clock_s * 4 + lock * 0.8) * 0.1);
    fillShape(pen, 'M8-7C-10-12-28-10-52 0-36-1-30 2-24 5-12 10 0 10 10 8z', fire);
    pen.restore();
  }
}

function paintHorns(pen: Pen): void {
  const gold = linear(pen, [-30, -60, 6, -20], tone('gold', 0), tone('gold', 2), tone('gold', 4));
  fillShape(pen, 'M2-28C-8-36-18-46-36-50-40-58-50-60-56-56-50-54-46-50-44-45-50-44-54-40-54-36-46-40-38-40-32-38-22-34-16-28-8-20z', gold);
  fillShape(pen, 'M12-30C6-40-2-50-16-58-6-60 8-52 22-30z', gold);
}

function paintJaw(pen: Pen, gape: number, jade: CanvasGradient): void {
  pen.save();
  pen.translate(2, 8);
  pen.rotate(gape * 0.5);
  fillShape(pen, 'M-14-2C4 6 22 2 54-2 60 4 54 12 42 14 22 20-4 18-14-2z', '#5a0f2a');
  if (gape > 0.05) fillShape(pen, 'M6 6C18 0 36 0 46 4 40 10 20 12 6 6z', '#ff7fa2');
  fillShape(pen, 'M-16 0C0 12 30 12 54-1 62 4 56 14 44 17 22 24-8 22-16 0z', jade);
  fillShape(pen, 'M50 2l2-8 4 7zM38 6l2-8 4 6z', '#fffbe6');
  fillShape(pen, 'M4 18C-4 26-4 34-10 40-2 38 6 32 10 22zM18 20C14 28 14 34 10 40 18 36 24 30 26 20z', linear(pen, [0, 16, 10, 40], tone('gold', 2), tone('coral', 2), '#c21f3b'));
  pen.restore();
}

function paintEye(pen: Pen): void {
  fillShape(pen, 'M12-14C18-24 30-22 36-12 28-7 18-7 12-14z', '#0a4f4c');
  fillShape(pen, 'M14-13.500C19-21 29-20 34-12.500 28-8.500 19-8.500 14-13.500z', '#fffbe6');
  pen.fillStyle = linear(pen, [22, -20, 28, -9], tone('gold', 2), '#f0702e');
  fillCircle(pen, 25, -14, 4.6);
  pen.fillStyle = '#2a0c14';
  fillEllipse(pen, 25.6, -14, [1.5, 4]);
  pen.fillStyle = '#ffffff';
  fillCircle(pen, 23.6, -16, 1.3);
  fillShape(pen, 'M8-17C14-30 32-28 40-15 30-22 20-23 8-17z', linear(pen, [8, -28, 40, -14], tone('gold', 1), tone('gold', 3)));
}

function paintWhiskers(pen: Pen, clock_s: number): void {
  pen.lineCap = 'round';
  for (const [x, y, lag] of [[64, -2, 0], [60, 2, 1]] as const) {
    const sway = Math.sin(clock_s * 3.4 + lag) * 10;
    pen.strokeStyle = linear(pen, [x, y, x - 60, y + 30], tone('gold', 0), tone('gold', 3));
    pen.lineWidth = 2.8;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.bezierCurveTo(x + 18, y + 22 + sway, x - 14, y + 30 + sway, x - 44, y + 26 - sway + lag * 12);
    pen.stroke();
  }
}
