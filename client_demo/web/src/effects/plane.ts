import { tone } from './shared/colour';
import { TAU, clamp, easeInOut, span } from './shared/ease';
import { fillPolygon, linear } from './shared/paths';
import { between, scatter } from './shared/random';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, stamp } from './shared/sprites';

interface Flight {
  starts: number;
  lane_y: number;
  loop: number;
  size: number;
  tint: string;
  direction: 1 | -1;
}

const TINTS = [tone('sky', 2), tone('rose', 1), tone('gold', 2)] as const;
const DASHES = 46;

/** Paper planes glide in, loop the loop, and leave dashed lines behind. */
export const plane = trayEffect({ id: 'plane', duration_ms: 1800, paint });

function paint(scene: Scene): void {
  const flights = scatter('planes', scene.seed, 3, (random, index): Flight => ({
    starts: [0.06, 0.16, 0][index] ?? 0,
    lane_y: ([-46, 44, 4][index] ?? 0) + between(random, -8, 8),
    loop: [30, 27, 52][index] ?? 40,
    size: [0.6, 0.52, 1][index] ?? 1,
    tint: TINTS[(index + 1) % 3] ?? TINTS[0],
    direction: index === 1 ? -1 : 1,
  }));
  for (const flight of flights) {
    paintTrail(scene, flight);
    paintPlane(scene, flight);
  }
}

/** A straight glide across, a full loop in its middle. */
function pointAt(flight: Flight, along: number): { x: number; y: number } {
  const angle = easeInOut(span(along, 0.3, 0.72)) * TAU;
  const glide = -215 + 430 * along;
  const x = glide + Math.sin(angle) * flight.loop * 1.25;
  const y = flight.lane_y + 34 - along * 40 - (1 - Math.cos(angle)) * flight.loop + Math.sin(along * 9) * 6;
  return { x: x * flight.direction, y };
}

function progressOf(flight: Flight, t: number): number {
  return clamp((t - flight.starts) / 0.84);
}

function paintTrail(scene: Scene, flight: Flight): void {
  const { pen } = scene;
  const now = progressOf(flight, scene.t);
  pen.strokeStyle = flight.tint;
  pen.lineCap = 'round';
  pen.lineWidth = 4.4 * flight.size;
  for (let dash = 0; dash < DASHES; dash += 1) {
    const along = dash / DASHES;
    if (along > now - 0.035) break;
    const age = now - along;
    setAlpha(scene, clamp(1.15 - age * 1.7) * clamp(age * 14) * 0.9);
    const [from, to] = [pointAt(flight, along), pointAt(flight, along + 0.011)];
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
  }
}

function paintPlane(scene: Scene, flight: Flight): void {
  const now = progressOf(flight, scene.t);
  if (now <= 0 || now >= 1) return;
  const [here, ahead] = [pointAt(flight, now), pointAt(flight, now + 0.004)];
  const heading = Math.atan2(ahead.y - here.y, ahead.x - here.x);
  // The wings tip as it turns, so that the paper shows its other side at the top of the loop.
  const bank = Math.cos(easeInOut(span(now, 0.3, 0.72)) * TAU) * 0.3 + 0.7;
  stamp(scene, glowSprite(flight.tint), { ...here, width: 120 * flight.size, alpha: 0.3 });
  setAlpha(scene, 1);
  paintAt(scene, { ...here, turn: heading, scale: flight.size * 1.15, scale_y: bank * flight.direction }, (pen) => paintPaper(pen, flight.tint));
}

function paintPaper(pen: Pen, tint: string): void {
  pen.fillStyle = linear(pen, [-34, -30, 30, 10], '#ffffff', '#f2f8ff', '#b8d6f5');
  fillPolygon(pen, [48, 0, -42, -34, -27, -5]);
  pen.fillStyle = linear(pen, [-34, 0, 30, 6], '#3f6fb8', tint);
  fillPolygon(pen, [48, 0, -27, -5, -32, 15, -16, 6]);
  pen.fillStyle = '#2c4f8f';
  fillPolygon(pen, [-32, 15, -16, 6, -22, 3]);
  pen.fillStyle = linear(pen, [-20, 0, 10, 30], '#ffffff', '#d3e6fa', '#8fb8e8');
  fillPolygon(pen, [48, 0, -20, 3, -30, 30]);
  pen.fillStyle = tint;
  fillPolygon(pen, [-42, -34, -36, -31.8, -24, -5.4, -27, -5]);
  fillPolygon(pen, [-30, 30, -25, 27.8, -17, 3, -20, 3]);
  pen.fillStyle = 'rgba(255,255,255,.9)';
  fillPolygon(pen, [48, 0, -42, -34, -38, -31]);
}
