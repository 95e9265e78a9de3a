import { mixHex, tone } from './shared/colour';
import { TAU, clamp, easeOut, lerp, span } from './shared/ease';
import { fillEllipse, fillPolygon, linear, traceStar } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { paintAt, paintLight, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glintSprite, glowSprite, sparkSprite, stamp } from './shared/sprites';

const LANDS = 0.5;
const RADIUS = 50;
const TWINKLE_COLOURS = [tone('gold', 1), '#ffffff', tone('sky', 1), tone('rose', 0)] as const;

/** A lucky star tumbles in over a long arc, leaves twinkles where it passed, and rings as it lands. */
export const star = trayEffect({ id: 'star', duration_ms: 1400, paint });

function paint(scene: Scene): void {
  const at = flight(scene.t);
  paintLight(scene, () => {
    paintTrail(scene);
    stamp(scene, glowSprite(tone('gold', 2)), { ...at, width: 210, alpha: 0.55 });
    paintChime(scene);
    paintHalo(scene);
  });
  paintStar(scene, at);
}

function flight(t: number): { x: number; y: number } {
  const along = span(t, 0, LANDS);
  const [x, y] = [lerp(-190, 0, along ** 0.85), 70 - Math.sin(along * Math.PI * 0.86) * 168 * (1 - along * 0.28)];
  const hop = span(t, LANDS, LANDS + 0.2);
  const rest = flightEnd();
  return along < 1 ? { x, y } : { x: 0, y: lerp(rest, 0, easeOut(hop)) - Math.sin(hop * Math.PI) * 16 };
}

function flightEnd(): number {
  return 70 - Math.sin(Math.PI * 0.86) * 168 * 0.72;
}

function paintStar(scene: Scene, at: { x: number; y: number }): void {
  const spun = easeOut(span(scene.t, 0, LANDS + 0.14));
  const facing = Math.cos(spun * TAU * 2);
  const place = { ...at, turn: (spun - 1) * TAU * 1.2 + Math.sin(scene.clock_s * 5) * 0.05, scale_x: Math.sign(facing || 1) * Math.max(0.16, Math.abs(facing)) };
  setAlpha(scene, 1);
  paintAt(scene, { ...place, scale: lerp(0.55, 1.12, easeOut(span(scene.t, 0, LANDS))) }, (pen) => {
    traceStar(pen, RADIUS + 4, 5, 0.5);
    pen.lineJoin = 'round';
    pen.lineWidth = 12;
    pen.strokeStyle = pen.fillStyle = linear(pen, [-34, -44, 34, 46], tone('gold', 1), tone('gold', 2), tone('gold', 3), '#e8801e');
    pen.stroke();
    pen.fill();
    paintFacets(pen);
    pen.fillStyle = 'rgba(255,255,255,.75)';
    fillEllipse(pen, -10, -27, [4.5, 12], 0.35);
  });
}

/** Each arm is folded along its middle: the side towards the top left is lit, the other in shade. */
function paintFacets(pen: Pen): void {
  for (let half = 0; half < 10; half += 1) {
    const [arm, valley] = [Math.floor((half + 1) / 2) * 2, half % 2 === 0 ? half + 1 : half];
    const [a, b] = [(arm * Math.PI) / 5 - Math.PI / 2, (valley * Math.PI) / 5 - Math.PI / 2];
    const light = Math.cos((a + b) / 2 + Math.PI * 0.75 + (half % 2 === 0 ? 0.5 : -0.5));
    const [far, near] = [RADIUS + 6, RADIUS * 0.52];
    pen.fillStyle = light > 0 ? `rgba(255,255,255,${0.42 * light})` : `rgba(190,80,0,${-0.42 * light})`;
    fillPolygon(pen, [0, 0, Math.cos(a) * far, Math.sin(a) * far, Math.cos(b) * near, Math.sin(b) * near]);
  }
}

function paintTrail(scene: Scene): void {
  const twinkles = scatter('star-trail', scene.seed, 40, (random, index) => ({
    born: (index / 40) * LANDS,
    life: between(random, 0.36, 0.62),
    drift_x: between(random, -16, 16),
    drift_y: between(random, -14, 22),
    size: between(random, 12, 34),
    colour: pick(TWINKLE_COLOURS, random() * 4),
  }));
  for (const twinkle of twinkles) {
    const age = span(scene.t, twinkle.born, twinkle.born + twinkle.life);
    if (age <= 0 || age >= 1) continue;
    const at = flight(twinkle.born);
    const size = twinkle.size * Math.sin(Math.PI * Math.sqrt(age));
    const place = { x: at.x + twinkle.drift_x * age, y: at.y + twinkle.drift_y * age + 12 * age * age, width: size };
    stamp(scene, glintSprite(twinkle.colour), { ...place, turn: age * 1.2, alpha: 1 - age * 0.4 });
  }
  for (let dot = 1; dot <= 22; dot += 1) {
    const past = scene.t - dot * 0.012;
    if (past <= 0 || past > LANDS) continue;
    stamp(scene, glowSprite(tone('gold', 2)), { ...flight(past), width: 46 - dot * 1.7, alpha: 0.34 * (1 - dot / 23) });
  }
}

/** Once landed, a few glints keep circling. */
function paintHalo(scene: Scene): void {
  const shown = span(scene.t, LANDS, LANDS + 0.15);
  for (let glint = 0; glint < 5 && shown > 0; glint += 1) {
    const angle = (glint / 5) * TAU + scene.clock_s * 1.5;
    const size = (18 + 8 * Math.sin(scene.clock_s * 5 + glint * 2)) * shown;
    stamp(scene, glintSprite(pick(TWINKLE_COLOURS, glint)), { x: Math.cos(angle) * 92, y: Math.sin(angle) * 66, width: size });
  }
}

function paintChime(scene: Scene): void {
  const age = span(scene.t, LANDS, LANDS + 0.34);
  if (age <= 0 || age >= 1) return;
  const { pen } = scene;
  for (let ray = 0; ray < 12; ray += 1) {
    const angle = (ray / 12) * TAU + 0.2;
    const reach = 50 + easeOut(age) * (ray % 2 === 0 ? 84 : 58);
    stamp(scene, sparkSprite(pick(TWINKLE_COLOURS, ray)), { x: Math.cos(angle) * reach, y: Math.sin(angle) * reach * 0.85, width: 15 * (1 - age), alpha: 1 - age });
  }
  pen.strokeStyle = mixHex(tone('gold', 1), tone('gold', 2), age);
  pen.lineWidth = 5 * (1 - age);
  setAlpha(scene, clamp(1 - age) * 0.8);
  pen.beginPath();
  pen.ellipse(0, 0, 46 + 76 * easeOut(age), 42 + 62 * easeOut(age), 0, 0, TAU);
  pen.stroke();
}
