import { tone } from './shared/colour';
import { TAU, clamp, easeOut, lerp, span } from './shared/ease';
import { fillCircle, fillEllipse } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { paintAt, paintLight, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glintSprite, sparkSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

interface Bubble {
  x: number;
  size: number;
  starts: number;
  pops: number;
  sway: number;
  phase: number;
}

const FILM = ['#ff9fd0', '#b9a2ff', '#7fd8ff', '#9dffe0', '#fff0a8', '#ffb08a', '#ff9fd0'] as const;

/** Bubbles wobble upwards, their film running through its colours, and pop into droplets. */
export const bubbles = trayEffect({ id: 'bubbles', duration_ms: 1800, paint });

function paint(scene: Scene): void {
  const all = scatter('bubbles', scene.seed, 15, (random, index): Bubble => {
    const starts = index * 0.028;
    return {
      x: ((index * 0.618) % 1) * 300 - 150, // the golden ratio spreads them without a grid
      size: index % 4 === 0 ? between(random, 34, 45) : between(random, 12, 28),
      starts,
      pops: starts + between(random, 0.42, 0.62),
      sway: between(random, 6, 18),
      phase: between(random, 0, TAU),
    };
  });
  for (const bubble of all) paintBubble(scene, bubble);
  paintLight(scene, () => all.forEach((bubble, index) => paintPop(scene, bubble, index)));
}

function centreAt(scene: Scene, bubble: Bubble, t: number): { x: number; y: number } {
  const risen = span(t, bubble.starts, bubble.starts + 0.8);
  const y = lerp(150, -110, risen ** 0.85) + bubble.size * 0.3;
  return { x: bubble.x + Math.sin(scene.clock_s * 2.2 + bubble.phase + risen * 4) * bubble.sway, y };
}

function paintBubble(scene: Scene, bubble: Bubble): void {
  if (scene.t < bubble.starts || scene.t > bubble.pops) return;
  const at = centreAt(scene, bubble, scene.t);
  const wobble = Math.sin(scene.clock_s * 9 + bubble.phase) * 0.045;
  const swollen = 1 + 0.12 * span(scene.t, bubble.pops - 0.05, bubble.pops);
  const grown = easeOut(span(scene.t, bubble.starts, bubble.starts + 0.14)) * swollen;
  setAlpha(scene, 1);
  paintAt(scene, { ...at, scale: (bubble.size * grown) / 60, scale_x: 1 + wobble, scale_y: 1 - wobble }, (pen) => {
    const angle = scene.clock_s * 1.1 + bubble.phase;
    pen.drawImage(lensSprite().image, -64, -64);
    pen.rotate(angle);
    pen.drawImage(filmSprite().image, -64, -64);
    pen.rotate(-angle);
    pen.drawImage(shineSprite().image, -64, -64);
  });
}

function paintPop(scene: Scene, bubble: Bubble, index: number): void {
  const age = span(scene.t, bubble.pops, bubble.pops + 0.16);
  if (age <= 0 || age >= 1) return;
  const at = centreAt(scene, bubble, bubble.pops);
  const drops = 10;
  const colour = pick(FILM, index);
  for (let drop = 0; drop < drops; drop += 1) {
    const angle = (drop / drops) * TAU + bubble.phase;
    const reach = bubble.size * (0.9 + 0.75 * easeOut(age));
    const fall = 26 * age * age;
    stamp(scene, sparkSprite(colour), { x: at.x + Math.cos(angle) * reach, y: at.y + Math.sin(angle) * reach + fall, width: (5 + bubble.size * 0.24) * (1 - age * 0.7), alpha: clamp(1.3 - age) });
  }
  scene.pen.strokeStyle = colour;
  scene.pen.lineWidth = 2.4 * (1 - age);
  setAlpha(scene, 0.75 * (1 - age));
  scene.pen.beginPath();
  scene.pen.arc(at.x, at.y, bubble.size * (1 + 0.35 * easeOut(age)), 0, TAU);
  scene.pen.stroke();
  stamp(scene, glintSprite('#ffffff'), { ...at, width: bubble.size * 1.1 * (1 - age), alpha: 0.7 * (1 - age) });
}

/** What is seen through a bubble: clear in the middle, the scene bent dark and bright at its edge. */
function lensSprite(): Sprite {
  return sprite('bubble-lens', { width: 128, height: 128 }, (pen) => {
    const body = pen.createRadialGradient(0, 0, 0, 0, 0, 60);
    for (const [at, colour] of [[0, 'rgba(210,235,255,.03)'], [0.6, 'rgba(190,220,255,.12)'], [0.85, 'rgba(200,190,255,.3)'], [0.97, 'rgba(255,255,255,.5)'], [1, 'rgba(255,255,255,0)']] as const) body.addColorStop(at, colour);
    pen.fillStyle = body;
    fillCircle(pen, 0, 0, 60);
  });
}

function filmSprite(): Sprite {
  return sprite('bubble-film', { width: 128, height: 128 }, (pen) => {
    const colours = pen.createConicGradient(0, 0, 0);
    FILM.forEach((colour, index) => colours.addColorStop(index / (FILM.length - 1), colour));
    pen.strokeStyle = colours;
    for (const [radius, width, alpha] of [[57.5, 3.5, 0.9], [54, 8, 0.36], [46, 12, 0.14]] as const) strokeRing(pen, radius, [width, alpha]);
  });
}

function strokeRing(pen: Pen, radius: number, [width, alpha]: readonly [number, number]): void {
  pen.globalAlpha = alpha;
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(0, 0, radius, 0, TAU);
  pen.stroke();
}

/** The window's reflection at the top left, and the same window upside down at the bottom right. */
function shineSprite(): Sprite {
  return sprite('bubble-shine', { width: 128, height: 128 }, (pen) => {
    pen.lineCap = 'round';
    pen.strokeStyle = '#ffffff';
    pen.globalAlpha = 0.92;
    pen.lineWidth = 6;
    pen.beginPath();
    pen.arc(0, 0, 47, Math.PI * 1.1, Math.PI * 1.4);
    pen.stroke();
    pen.fillStyle = '#ffffff';
    fillEllipse(pen, -8, -48, [4, 2.6], 0.1);
    pen.fillStyle = tone('sky', 0);
    pen.globalAlpha = 0.8;
    fillEllipse(pen, 27, 33, [8, 5], -0.8);
    fillCircle(pen, 40, 18, 2.6);
  });
}
