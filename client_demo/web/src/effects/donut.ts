import { tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, span } from './shared/ease';
import { bounceHeight, throwX, throwY } from './shared/motion';
import { fillEllipse, fillRound, radial } from './shared/paths';
import { between, createRandom, pick, scatter } from './shared/random';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { sprite } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const FLOOR = 92;
const RADIUS = 56;
const BOUNCES = [0.18, 0.44, 0.62] as const; // when bounceHeight below touches the floor
const SPRINKLES = ['#ffe27a', '#7fe3ff', '#ffffff', '#8ff0c4', '#b394ff', '#ff8a4c'] as const;

/** A donut drops in rolling, bounces, and loses a spray of sprinkles at every bump. */
export const donut = trayEffect({ id: 'donut', duration_ms: 1600, paint });

function paint(scene: Scene): void {
  const at = rollAt(scene.t);
  paintShadow(scene, at);
  paintSpray(scene);
  const squash = Math.max(...BOUNCES.map((time, index) => Math.max(0, 1 - Math.abs(scene.t - time) / 0.05) * (0.2 - index * 0.06)));
  setAlpha(scene, 1);
  paintAt(scene, { x: at.x, y: at.y + RADIUS * squash * 0.5, scale_x: 1 + squash * 0.6, scale_y: 1 - squash }, (pen) => {
    const picture = donutSprite();
    pen.rotate(at.turn);
    pen.drawImage(picture.image, -RADIUS - 4, -RADIUS - 4, RADIUS * 2 + 8, RADIUS * 2 + 8);
    pen.rotate(-at.turn);
    paintGloss(pen);
  });
}

function rollAt(t: number): { x: number; y: number; turn: number } {
  const along = easeOut(span(t, 0, 0.8));
  const x = lerp(-230, 6, along);
  const y = FLOOR - RADIUS - 150 * bounceHeight(span(t, 0, 0.8), 3);
  return { x, y, turn: (x - 6) / RADIUS + Math.sin(easeInOut(span(t, 0.72, 1)) * TAU) * 0.08 };
}

function paintShadow(scene: Scene, at: { x: number; y: number }): void {
  const close = clamp(1 - (FLOOR - RADIUS - at.y) / 160);
  setAlpha(scene, 0.38 * close);
  scene.pen.fillStyle = '#060414';
  fillEllipse(scene.pen, at.x + 4, FLOOR + 3, [30 + 26 * close, 4 + 4 * close]);
}

function paintSpray(scene: Scene): void {
  const pieces = scatter('donut-spray', scene.seed, 42, (random, index) => {
    const bump = index % 3;
    const force = 1 - bump * 0.22;
    return {
      bump,
      speed_x: between(random, -170, 190) * force,
      speed_y: between(random, -330, -150) * force,
      drag: 0.8,
      gravity: 620,
      spin: between(random, -12, 12),
      size: between(random, 8, 12),
      colour: pick(SPRINKLES, random() * 6),
    };
  });
  for (const piece of pieces) {
    const bump_t = BOUNCES[piece.bump] ?? 0;
    const age_s = (scene.t - bump_t) * 1.6;
    if (age_s <= 0) continue;
    const from = rollAt(bump_t);
    const fall = throwY(piece, age_s);
    const rest = Math.max(0, fall - RADIUS * 0.9);
    const y = from.y + RADIUS * 0.9 + fall - rest * 1.35; // one low hop off the table, then it lies still
    setAlpha(scene, clamp(age_s * 12) * clamp((0.95 - age_s) * 4));
    paintAt(scene, { x: from.x + throwX(piece, age_s), y: Math.min(FLOOR, y), turn: piece.spin * age_s }, (pen) => {
      pen.fillStyle = piece.colour;
      fillRound(pen, [-piece.size / 2, -2, piece.size, 4], 2);
    });
  }
}

function donutSprite(): Sprite {
  return sprite('donut', { width: 256, height: 256 }, (pen) => {
    pen.scale(2.05, 2.05);
    paintRing(pen, [60, 20], radial(pen, 64, tone('wood', 0), '#eab068', '#c07c38', '#9a5a26'));
    paintIcing(pen);
    const random = createRandom(11);
    for (let index = 0; index < 26; index += 1) {
      const [angle, reach] = [(index / 26) * TAU + between(random, -0.1, 0.1), index % 2 === 0 ? between(random, 27, 34) : between(random, 38, 46)];
      pen.save();
      pen.translate(Math.cos(angle) * reach, Math.sin(angle) * reach);
      pen.rotate(random() * TAU);
      pen.fillStyle = pick(SPRINKLES, index);
      fillRound(pen, [-4.6, -1.8, 9.2, 3.6], 1.8);
      pen.restore();
    }
  });
}

function paintRing(pen: Pen, [outer, inner]: readonly [number, number], fill: CanvasGradient): void {
  pen.beginPath();
  pen.arc(0, 0, outer, 0, TAU);
  pen.arc(0, 0, inner, 0, TAU, true);
  pen.fillStyle = fill;
  pen.fill();
}

function paintIcing(pen: Pen): void {
  pen.beginPath();
  for (let step = 0; step <= 96; step += 1) {
    const angle = (step / 96) * TAU;
    const reach = 51 + 3.4 * Math.sin(angle * 9) + 1.8 * Math.sin(angle * 5 + 1);
    pen.lineTo(Math.cos(angle) * reach, Math.sin(angle) * reach);
  }
  pen.closePath();
  pen.arc(0, 0, 22.5, 0, TAU, true);
  pen.fillStyle = radial(pen, 60, tone('rose', 0), '#ffa0c4', '#ff6fa6', '#e04a90');
  pen.fill();
}

/** The shine stays at the top left however the donut turns. */
function paintGloss(pen: Pen): void {
  pen.lineCap = 'round';
  pen.lineWidth = 6;
  pen.strokeStyle = 'rgba(255,255,255,.62)';
  pen.beginPath();
  pen.arc(0, 0, 42, Math.PI * 1.08, Math.PI * 1.42);
  pen.stroke();
  pen.lineWidth = 5;
  pen.strokeStyle = 'rgba(120,20,70,.28)';
  pen.beginPath();
  pen.arc(0, 0, 22, Math.PI * 1.05, Math.PI * 1.6);
  pen.stroke();
}
