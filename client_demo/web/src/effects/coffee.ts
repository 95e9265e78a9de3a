import { tone } from './shared/colour';
import { clamp, easeInOut, easeOut, lerp, overshoot, span } from './shared/ease';
import { fillEllipse, fillShape, linear, traceHeart } from './shared/paths';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, stamp } from './shared/sprites';

const CUP_TOP = 26;
const HEART = { x: 0, y: -58, size: 46 };
const WISP_POINTS = 54;

/** Two curls of steam rise from a warm cup, meet, and close into a heart. */
export const coffee = trayEffect({ id: 'coffee', duration_ms: 1800, paint });

function paint(scene: Scene): void {
  paintWisps(scene);
  paintHeart(scene);
  paintCup(scene);
}

function paintWisps(scene: Scene): void {
  const drawn = easeInOut(span(scene.t, 0.08, 0.62));
  const closing = easeInOut(span(scene.t, 0.2, 0.62));
  const vapour = glowSprite('#ffe6ee');
  for (const side of [-1, 1]) {
    for (let index = 0; index < WISP_POINTS; index += 1) {
      const along = index / (WISP_POINTS - 1);
      if (along > drawn) break;
      const loose = waver(along, side, scene.clock_s);
      const tight = heartSide(along, side);
      const tip = clamp((drawn - along) * 9);
      const gone = 1 - 0.85 * easeInOut(span(scene.t, 0.6, 0.9)) * (1 - along);
      const place = { x: lerp(loose.x, tight.x, closing), y: lerp(loose.y, tight.y, closing), width: 15 + 9 * Math.sin(along * Math.PI) };
      stamp(scene, vapour, { ...place, alpha: 0.42 * tip * gone });
    }
  }
}

function waver(along: number, side: number, clock_s: number): { x: number; y: number } {
  return { x: side * 12 + Math.sin(along * 7 + clock_s * 4 + side) * 16 * along, y: CUP_TOP - along * 128 };
}

/** From the cup up to the heart's point, then along one of its halves to the notch. */
function heartSide(along: number, side: number): { x: number; y: number } {
  const stem = 0.24;
  const foot = HEART.y + HEART.size * 0.9;
  if (along < stem) {
    const rise = along / stem;
    return { x: side * 14 * Math.sin(rise * Math.PI) * (1 - rise * 0.4), y: lerp(CUP_TOP, foot, rise) };
  }
  const s = (along - stem) / (1 - stem);
  const [a, b, c, d] = [(1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s * s * (1 - s), s ** 3];
  const { size } = HEART;
  return { x: side * (b * 1.5 + c * 0.95) * size, y: HEART.y + (a * 0.9 + b * 0.05 - c * 1.05 - d * 0.42) * size };
}

function paintHeart(scene: Scene): void {
  const full = easeOut(span(scene.t, 0.52, 0.72));
  if (full <= 0) return;
  const beat = 1 + 0.06 * Math.sin(scene.clock_s * 9) * full;
  const rise = 10 * easeInOut(span(scene.t, 0.7, 1));
  stamp(scene, glowSprite(tone('rose', 2)), { x: 0, y: HEART.y - rise, width: 190, alpha: 0.5 * full });
  setAlpha(scene, full * 0.82);
  paintAt(scene, { x: HEART.x, y: HEART.y - rise, scale: beat * lerp(0.7, 0.97, full) }, (pen) => {
    traceHeart(pen, HEART.size);
    pen.fillStyle = linear(pen, [-30, -40, 26, 44], tone('rose', 0), tone('rose', 1), tone('rose', 2), tone('rose', 3));
    pen.fill();
    pen.fillStyle = 'rgba(255,255,255,.7)';
    fillEllipse(pen, -23, -19, [10, 5.5], -0.75);
  });
}

function paintCup(scene: Scene): void {
  const landed = overshoot(span(scene.t, 0, 0.2));
  setAlpha(scene, 1);
  paintAt(scene, { x: 0, y: 112, scale: 1.42 * landed, turn: Math.sin(scene.clock_s * 4) * 0.025 }, (pen) => {
    pen.translate(-2, 0);
    fillShape(pen, 'M-40-8a40 8 0 1 0 80 0a40 8 0 1 0-80 0z', linear(pen, [-30, -14, 30, 4], '#fff2e2', '#e0b090'));
    pen.fillStyle = 'rgba(140,70,50,.45)';
    fillEllipse(pen, 0, -10, [25, 4]);
    paintBody(pen);
    paintLatte(pen);
  });
}

function paintBody(pen: Pen): void {
  fillShape(pen, 'M24-52h8c13 0 17 8 15 17-3 11-13 15-25 14l3-7c7 0 12-3 13-9 1-4-1-7-6-7h-8z', linear(pen, [24, -52, 48, -20], tone('coral', 1), tone('coral', 3)));
  fillShape(pen, 'M-32-60h64c1 27-6 43-17 50h-30c-11-7-18-23-17-50z', linear(pen, [-28, -60, 28, -8], '#fff5e8', tone('coral', 1), tone('coral', 3)));
  fillShape(pen, 'M32-60c1 27-6 43-17 50H3c17-8 21-25 21-50z', 'rgba(150,50,20,.25)');
  fillShape(pen, 'M-25-50c0 14 3 25 10 33-3-10-5-20-5-33 0-2.500-5-2.500-5 0z', 'rgba(255,255,255,.75)');
}

function paintLatte(pen: Pen): void {
  pen.fillStyle = linear(pen, [-30, -66, 30, -54], '#fffaf2', '#f0b890');
  fillEllipse(pen, 0, -60, [32, 8.5]);
  pen.fillStyle = linear(pen, [-26, -64, 26, -54], tone('wood', 2), tone('wood', 4));
  fillEllipse(pen, 0, -59.4, [28, 6.6]);
  pen.save();
  pen.translate(0, -59.6);
  pen.scale(1, 0.36);
  traceHeart(pen, 9);
  pen.fillStyle = '#f4d8b4';
  pen.fill();
  pen.restore();
}
