import { palette, tone } from './shared/colour';
import type { Hue } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, overshoot, span } from './shared/ease';
import { fillCircle, fillShape, linear, radial, tracePetal } from './shared/paths';
import { between, scatter } from './shared/random';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glintSprite, glowSprite, stamp } from './shared/sprites';

interface Bloom {
  x: number;
  y: number;
  hue: Hue;
  petals: number;
  size: number;
  width: number;
  layers: number;
}

// The back row opens first; the rose in the middle is last and largest.
const BLOOMS: readonly Bloom[] = [
  { x: -34, y: -62, hue: 'violet', petals: 5, size: 27, width: 27, layers: 1 },
  { x: 30, y: -66, hue: 'gold', petals: 9, size: 27, width: 13, layers: 1 },
  { x: -66, y: -30, hue: 'gold', petals: 6, size: 29, width: 22, layers: 1 },
  { x: 66, y: -34, hue: 'sky', petals: 6, size: 29, width: 22, layers: 1 },
  { x: -2, y: -74, hue: 'coral', petals: 7, size: 24, width: 16, layers: 1 },
  { x: -30, y: -14, hue: 'sky', petals: 5, size: 25, width: 24, layers: 1 },
  { x: 34, y: -12, hue: 'violet', petals: 8, size: 26, width: 15, layers: 2 },
  { x: 0, y: -32, hue: 'rose', petals: 8, size: 40, width: 29, layers: 3 },
];

/** A wrapped bouquet opens flower by flower, tied with a bow. */
export const bouquet = trayEffect({ id: 'bouquet', duration_ms: 1800, paint });

function paint(scene: Scene): void {
  const lifted = overshoot(span(scene.t, 0, 0.2));
  const sway = Math.sin(scene.clock_s * 3.2) * 0.035;
  stamp(scene, glowSprite(tone('rose', 1)), { x: 0, y: -24, width: 300, alpha: 0.35 * easeOut(span(scene.t, 0.2, 0.8)) });
  setAlpha(scene, 1);
  paintAt(scene, { x: 0, y: 112 + 60 * (1 - lifted), turn: sway }, (pen) => {
    pen.translate(0, -96);
    pen.scale(1.04, 1.04);
    paintLeaves(pen, easeOut(span(scene.t, 0.08, 0.34)));
    fillShape(pen, 'M-74-18Q0-44 74-18L20 90Q0 98-20 90z', linear(pen, [-60, -20, 50, 90], tone('violet', 2), tone('violet', 3), tone('violet', 4)));
    BLOOMS.forEach((bloom, index) => paintBloom(scene, bloom, index));
    paintWrap(pen);
    paintBow(pen, overshoot(span(scene.t, 0.16, 0.34)));
  });
  paintSparkle(scene);
}

function paintLeaves(pen: Pen, grown: number): void {
  for (const [x, y, turn, size] of [[-60, -22, -1.15, 1], [60, -22, 1.15, 1], [-48, -50, -0.66, 1.1], [50, -52, 0.66, 1.1], [-16, -70, -0.2, 0.9], [18, -72, 0.25, 0.9]] as const) {
    pen.save();
    pen.translate(x * grown, y + 46 * (1 - grown));
    pen.rotate(turn);
    pen.scale(size * grown, size * grown);
    tracePetal(pen, 54, 26);
    pen.fillStyle = linear(pen, [-12, -50, 12, 0], tone('leaf', 1), tone('leaf', 2), tone('leaf', 3));
    pen.fill();
    fillShape(pen, 'M0 0C9-16 10-40 0-54 3-36 3-18 0 0z', 'rgba(8,70,56,.4)');
    pen.restore();
  }
}

function paintBloom(scene: Scene, bloom: Bloom, index: number): void {
  const starts = 0.1 + index * 0.065;
  const opened = span(scene.t, starts, starts + 0.24);
  if (opened <= 0) return;
  const { pen } = scene;
  const tones = palette[bloom.hue];
  pen.save();
  pen.translate(bloom.x, bloom.y - 10);
  pen.scale(overshoot(opened), overshoot(opened));
  for (let layer = 0; layer < bloom.layers; layer += 1) {
    const reach = bloom.size * (1 - layer * 0.28);
    const fill = linear(pen, [0, 0, 0, -reach], tones[layer === 1 ? 4 : 3], tones[layer === 1 ? 3 : 2], tones[layer === 2 ? 0 : 1]);
    for (let petal = 0; petal < bloom.petals; petal += 1) {
      // Petals unfold one after the other around the flower.
      const unfolded = easeOut(clamp(opened * 1.9 - (petal / bloom.petals) * 0.9));
      pen.save();
      pen.rotate((petal / bloom.petals) * TAU + layer * 0.4 + (1 - opened) * 1.6);
      tracePetal(pen, reach * unfolded, bloom.width * (1 - layer * 0.2));
      pen.fillStyle = fill;
      pen.fill();
      pen.restore();
    }
  }
  const core = bloom.size * (bloom.layers > 1 ? 0.2 : 0.3);
  pen.fillStyle = bloom.hue === 'gold' ? radial(pen, core, '#e8a860', tone('wood', 2), tone('wood', 3)) : radial(pen, core, tone('gold', 0), tone('gold', 2), tone('gold', 3));
  fillCircle(pen, 0, 0, core);
  pen.restore();
}

function paintWrap(pen: Pen): void {
  fillShape(pen, 'M-78-20C-56-10-26-2 0 22 26-2 56-10 78-20L21 90Q0 99-21 90z', linear(pen, [-60, -20, 46, 90], tone('violet', 0), '#b79aff', '#6a3fd8'));
  fillShape(pen, 'M0 22C26-2 56-10 78-20L21 90Q12 95 0 95z', 'rgba(50,24,140,.34)');
  fillShape(pen, 'M-78-20C-56-10-26-2 0 22l-5 6C-28 6-56-3-74-13z', 'rgba(255,255,255,.6)');
  fillShape(pen, 'M-60 2L-30 78-26 80-52 4z', 'rgba(255,255,255,.2)');
}

function paintBow(pen: Pen, tied: number): void {
  pen.save();
  pen.translate(0, 60);
  pen.scale(tied, tied);
  const ribbon = linear(pen, [-30, -16, 30, 24], tone('coral', 0), tone('coral', 2), tone('coral', 3));
  fillShape(pen, 'M-4 6L-20 40-9 37-2 44 4 8zM4 6L18 40 8 37 2 44-4 8z', tone('coral', 3));
  fillShape(pen, 'M-2 2C-20-20-40-20-44-9-46 4-24 12-2 6zM2 2C20-20 40-20 44-9 46 4 24 12 2 6z', ribbon);
  fillShape(pen, 'M-4 2C-16-8-28-11-36-7-28-4-16 0-4 5zM4 2C16-8 28-11 36-7 28-4 16 0 4 5z', 'rgba(150,40,16,.35)');
  fillShape(pen, 'M-9-5q9-4 18 0v14q-9 4-18 0z', linear(pen, [-9, -6, 9, 10], tone('coral', 0), tone('coral', 2)));
  pen.restore();
}

function paintSparkle(scene: Scene): void {
  const glints = scatter('bouquet-glints', scene.seed, 12, (random, index) => ({
    x: between(random, -130, 130),
    y: between(random, -104, 30),
    at: 0.36 + index * 0.045,
    size: between(random, 12, 26),
  }));
  for (const glint of glints) {
    const age = span(scene.t, glint.at, glint.at + 0.22);
    const size = glint.size * Math.sin(Math.PI * age);
    if (size > 0.1) stamp(scene, glintSprite(tone('gold', 0)), { x: glint.x, y: glint.y - 14 * easeInOut(age), width: size });
  }
}
