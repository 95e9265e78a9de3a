import { palette, tone } from './shared/colour';
import type { Hue } from './shared/colour';
import { easeInOut, easeOut, lerp, span } from './shared/ease';
import { fillEllipse, fillShape, radial, traceHeart } from './shared/paths';
import { between, scatter } from './shared/random';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { sprite } from './shared/sprites';
import type { Sprite } from './shared/sprites';

interface Balloon {
  hue: Hue;
  home_x: number;
  home_y: number;
  size: number;
  starts: number;
  phase: number;
  heart: boolean;
}

// Back row first, the big heart last so that it floats in front.
const BUNCH: readonly [Hue, number, number, number][] = [
  ['mint', -92, -18, 0.8],
  ['violet', 94, -24, 0.82],
  ['gold', -46, -50, 0.92],
  ['sky', 50, -54, 0.92],
  ['rose', 0, -22, 1.14],
];

/** Balloons rise one after another, sway on their strings, gather, and float away together. */
export const balloon = trayEffect({ id: 'balloon', duration_ms: 1800, fade_out: 0.16, paint });

function paint(scene: Scene): void {
  const balloons = scatter('balloons', scene.seed, BUNCH.length, (random, index): Balloon => {
    const [hue, home_x, home_y, size] = BUNCH[index] ?? ['rose', 0, 0, 1];
    return { hue, home_x, home_y, size, starts: index * 0.05, phase: between(random, 0, 6), heart: index === 4 };
  });
  for (const one of balloons) paintString(scene, one);
  for (const one of balloons) paintBalloon(scene, one);
}

function placeAt(scene: Scene, one: Balloon, lag_s: number): { x: number; y: number; lean: number } {
  const t = scene.t - lag_s / 1.8;
  const risen = easeOut(span(t, one.starts, one.starts + 0.5));
  const away = easeInOut(span(t, 0.7, 1.05));
  const sway = Math.sin((scene.clock_s - lag_s) * 3.4 + one.phase);
  const x = one.home_x * lerp(0.55, 1, risen) * (1 - away * 0.25) + sway * lerp(16, 7, risen);
  const y = lerp(210, one.home_y, risen) - away * 150 + Math.cos(scene.clock_s * 2.6 + one.phase) * 5;
  return { x, y, lean: Math.cos((scene.clock_s - lag_s) * 3.4 + one.phase) * 0.1 };
}

/** The string follows late, the more so the lower it hangs. */
function paintString(scene: Scene, one: Balloon): void {
  const { pen } = scene;
  const [top, middle, end] = [placeAt(scene, one, 0), placeAt(scene, one, 0.16), placeAt(scene, one, 0.34)];
  const knot = 44 * one.size;
  setAlpha(scene, 0.85);
  pen.strokeStyle = tone('violet', 0);
  pen.lineWidth = 1.7;
  pen.lineCap = 'round';
  pen.beginPath();
  pen.moveTo(top.x - Math.sin(top.lean) * knot, top.y + Math.cos(top.lean) * knot);
  pen.bezierCurveTo(top.x, top.y + 84, middle.x + 12, middle.y + 96, end.x * 0.45, end.y + 150);
  pen.stroke();
}

function paintBalloon(scene: Scene, one: Balloon): void {
  const { x, y, lean } = placeAt(scene, one, 0);
  const picture = balloonSprite(one.hue, one.heart);
  setAlpha(scene, 0.97);
  paintAt(scene, { x, y, turn: lean, scale: one.size * 0.5 }, (pen) => pen.drawImage(picture.image, -picture.width / 2, -picture.height / 2));
}

function balloonSprite(hue: Hue, heart: boolean): Sprite {
  return sprite(`balloon-${hue}${heart}`, { width: 176, height: 200 }, (pen) => {
    const tones = palette[hue];
    fillShape(pen, 'M-11 90L0 68l11 22q-11 7-22 0z', tones[3]);
    pen.beginPath();
    if (heart) traceHeart(pen, 84);
    else pen.ellipse(0, -8, 66, 80, 0, 0, Math.PI * 2);
    pen.fillStyle = radial(pen, 88, tones[0], tones[1], tones[2], tones[3], tones[4]);
    pen.fill();
    pen.clip();
    paintShine(pen, heart);
  });
}

function paintShine(pen: Pen, heart: boolean): void {
  fillShape(pen, 'M84-50c20 60-20 120-84 140 50-40 80-90 66-150z', 'rgba(255,255,255,.16)');
  pen.fillStyle = 'rgba(255,255,255,.78)';
  const [x, y] = heart ? [-46, -38] : [-28, -48];
  fillEllipse(pen, x, y, [12, 23], 0.55);
  fillEllipse(pen, x - 8, y + 38, [5, 7], 0.3);
}
