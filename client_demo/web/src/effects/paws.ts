import { tone } from './shared/colour';
import { clamp, easeInOut, lerp, overshoot, span } from './shared/ease';
import { fillCircle, fillEllipse, fillShape, linear, radial } from './shared/paths';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const STEPS = 8;
const CAT = { x: 92, y: 120 };

/** Paw prints walk across, and the cat they belong to pops up and blinks. */
export const paws = trayEffect({ id: 'paws', duration_ms: 1700, paint });

function paint(scene: Scene): void {
  for (let step = 0; step < STEPS; step += 1) paintPrint(scene, step);
  paintCat(scene);
}

function paintPrint(scene: Scene, step: number): void {
  const lands = 0.03 + step * 0.058;
  const pressed = span(scene.t, lands, lands + 0.1);
  if (pressed <= 0) return;
  const along = step / (STEPS - 1);
  const side = step % 2 === 0 ? -1 : 1;
  const heading = pathAngle(along, scene.seed);
  const x = lerp(-158, 34, along) - Math.sin(heading) * side * 17;
  const y = pathY(along, scene.seed) + Math.cos(heading) * side * 17;
  const faded = 1 - 0.75 * easeInOut(span(scene.t, lands + 0.4, lands + 0.72));
  const ring = span(scene.t, lands, lands + 0.2);
  stamp(scene, glowSprite(tone('rose', 1)), { x, y, width: 70 * (0.5 + ring), alpha: 0.5 * (1 - ring) });
  stamp(scene, printSprite(), { x, y, width: 46 * lerp(1.5, 1, overshoot(pressed)), turn: heading + Math.PI / 2, alpha: clamp(pressed * 3) * faded });
}

/** The walk bends a little differently each time. */
function pathY(along: number, seed: number): number {
  return 34 + Math.sin(along * 5 + (seed % 7) * 0.3) * 30 - along * 40;
}

function pathAngle(along: number, seed: number): number {
  return Math.atan2((pathY(along + 0.01, seed) - pathY(along, seed)) * 100, 192);
}

function printSprite(): Sprite {
  return sprite('paw-print', { width: 112, height: 112 }, (pen) => {
    pen.fillStyle = radial(pen, 50, '#ffe3ea', tone('rose', 1), tone('rose', 2));
    pen.fill(new Path2D('M0-4c20 0 32 16 32 29 0 13-10 18-19 15-6-2-9-3-13-3s-7 1-13 3c-9 3-19-2-19-15C-32 12-20-4 0-4z'));
    for (const [x, y, turn] of [[-36, -8, -0.5], [-14, -32, -0.15], [14, -32, 0.15], [36, -8, 0.5]] as const) fillEllipse(pen, x, y, [10.5, 15], turn);
    pen.fillStyle = 'rgba(255,255,255,.5)';
    fillEllipse(pen, -13, 8, [8, 4], -0.6);
    for (const [x, y] of [[-39, -13], [-17, -38], [11, -38], [33, -13]] as const) fillEllipse(pen, x, y, [3, 5], 0.4);
  });
}

function paintCat(scene: Scene): void {
  const up = overshoot(span(scene.t, 0.46, 0.66)) * (1 - easeInOut(span(scene.t, 0.93, 1)));
  if (up < 0.01) return;
  const tilt = Math.sin(scene.clock_s * 5) * 0.07;
  setAlpha(scene, 1);
  paintTail(scene, up);
  paintAt(scene, { x: CAT.x, y: CAT.y + 108 - 148 * up, turn: tilt, scale: 1.12 }, (pen) => {
    paintHead(pen);
    paintFace(pen, blinkAt(scene.t));
  });
  const waves = Math.sin(scene.clock_s * 13) * 0.3 * span(scene.t, 0.62, 0.7);
  paintAt(scene, { x: CAT.x - 62, y: CAT.y + 60 - 84 * up, turn: -0.2 + waves }, paintMitt);
}

/** 1 open, 0 shut: two quick blinks, like a cat that likes you. */
function blinkAt(t: number): number {
  return Math.min(...[0.72, 0.82].map((time) => clamp(Math.abs(t - time) / 0.025)));
}

function paintTail(scene: Scene, up: number): void {
  const { pen } = scene;
  const curl = Math.sin(scene.clock_s * 5) * 16;
  pen.strokeStyle = linear(pen, [120, 20, 170, 120], '#ffe3c2', '#e8a868');
  pen.lineWidth = 17;
  pen.lineCap = 'round';
  pen.beginPath();
  pen.moveTo(CAT.x + 44, CAT.y + 40);
  pen.bezierCurveTo(CAT.x + 84, CAT.y + 30 - 40 * up, CAT.x + 44 + curl, CAT.y + 30 - 100 * up, CAT.x + 66 + curl, CAT.y + 30 - 120 * up);
  pen.stroke();
}

function paintHead(pen: Pen): void {
  const fur = linear(pen, [-40, -46, 40, 46], '#fffaf0', '#ffe3c2', '#eeb06e');
  fillShape(pen, 'M-50-6C-54-34-50-54-46-60c10 2 22 12 28 20zM50-6C54-34 50-54 46-60c-10 2-22 12-28 20z', fur);
  fillShape(pen, 'M-45-22c-1-14 0-24 2-29 5 2 11 8 14 13zM45-22c1-14 0-24-2-29-5 2-11 8-14 13z', tone('rose', 1));
  fillShape(pen, 'M0-46c34 0 54 20 54 44S34 44 0 44-54 22-54-2-34-46 0-46z', fur);
  fillShape(pen, 'M-8-46L-5-26-1-46zM3-46L7-24 12-45zM-18-44L-13-30-11-45z', '#d98c4e');
  fillShape(pen, 'M52-14c8 30-14 58-52 58 30-6 50-26 52-58z', 'rgba(180,100,50,.3)');
}

function paintFace(pen: Pen, open: number): void {
  for (const side of [-1, 1]) {
    pen.fillStyle = '#3a1d2e';
    fillEllipse(pen, side * 21, 0, [7, Math.max(1.2, 9.5 * open)]);
    pen.fillStyle = '#ffffff';
    if (open > 0.5) fillCircle(pen, side * 21 - 2.4, -3.4, 2.6);
    pen.fillStyle = 'rgba(255,110,150,.45)';
    fillEllipse(pen, side * 34, 14, [8, 4.5]);
    pen.fillStyle = 'rgba(120,70,50,.55)';
    for (const [rise, tip] of [[11, 6], [16, 17]] as const) pen.fill(new Path2D(`M${side * 30} ${rise}L${side * 62} ${tip}L${side * 62} ${tip + 1.6}L${side * 30} ${rise + 2}z`));
  }
  fillShape(pen, 'M-5 9h10q2 0 1 2L1 15q-1 1-2 0L-6 11q-1-2 1-2z', tone('rose', 2));
  fillShape(pen, 'M-1 15h2v3c3 4 9 4 11-1l2 1c-3 7-10 7-14 3-4 4-11 4-14-3l2-1c2 5 8 5 11 1z', '#6b3a3a');
}

function paintMitt(pen: Pen): void {
  const fur = linear(pen, [-24, -30, 24, 60], '#fffaf0', '#ffe3c2', '#e8a868');
  fillShape(pen, 'M-17 12h34l3 74h-40z', fur);
  pen.fillStyle = fur;
  fillEllipse(pen, 0, 0, [27, 24]);
  for (const [x, y] of [[-20, -14], [-7, -22], [8, -22], [21, -14]] as const) fillEllipse(pen, x, y, [9, 11]);
  pen.fillStyle = linear(pen, [-10, -20, 10, 20], tone('rose', 1), tone('rose', 2));
  fillEllipse(pen, 0, 5, [13, 10]);
  for (const [x, y] of [[-20, -13], [-7, -21], [8, -21], [21, -13]] as const) fillEllipse(pen, x, y, [4.4, 5.6]);
}
