import { fadeHex, tone } from './shared/colour';
import { TAU, clamp, easeIn, easeInOut, easeOut, lerp, span } from './shared/ease';
import { fillPolygon, linear } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { paintCar } from './racer_car';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glowSprite, stamp } from './shared/sprites';

const NEON = [tone('sky', 2), '#ff5dc8', tone('violet', 2), '#ff5dc8'] as const;
const BOOST = 0.46;

interface Road {
  horizon: number;
  centre: number;
  half: number;
  travelled: number;
}

/** A car runs along a neon road at night, drifts, and lights its burners towards the horizon. */
export const racer = stageEffect({ id: 'racer', duration_ms: 4800, fade_out: 0.12, paint });

function paint(scene: Scene): void {
  const { width, height, unit, t } = scene;
  dimStage(scene, 0.3 * easeOut(span(t, 0, 0.15)));
  const road: Road = {
    horizon: height * 0.5,
    centre: width / 2,
    half: Math.min(width * 0.62, unit * 78),
    // Steady at first, then ever faster; a closed form keeps every frame independent of the last.
    travelled: 13 * t + 34 * Math.max(0, t - BOOST) ** 2,
  };
  paintSun(scene, road);
  paintSkyline(scene, road);
  paintRoad(scene, road);
  paintLight(scene, () => {
    paintLamps(scene, road);
    paintStreaks(scene, road);
  });
  paintRacer(scene, road);
}

function paintSun(scene: Scene, road: Road): void {
  const { pen, unit } = scene;
  const radius = unit * 21;
  const risen = easeOut(span(scene.t, 0.02, 0.3));
  const y = road.horizon - radius * 0.5 * risen + (1 - risen) * radius;
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, scene.width, road.horizon);
  pen.clip();
  stamp(scene, glowSprite('#ff5d9c'), { x: road.centre, y, width: radius * 4.4, alpha: 0.6 });
  setAlpha(scene, 1);
  pen.fillStyle = linear(pen, [0, y - radius, 0, y + radius * 0.5], '#fff0a8', '#ffb04c', '#ff5d8a', '#b52e9a');
  pen.beginPath();
  pen.arc(road.centre, y, radius, 0, TAU);
  pen.fill();
  pen.globalCompositeOperation = 'destination-out';
  for (let band = 0; band < 6; band += 1) {
    const drift = (band + ((scene.clock_s * 0.35) % 1)) / 6;
    pen.fillRect(road.centre - radius, y - radius * 0.45 + drift * radius * 1.1, radius * 2, radius * 0.075 * drift);
  }
  pen.restore();
}

function paintSkyline(scene: Scene, road: Road): void {
  const { pen, unit, width } = scene;
  const towers = scatter('skyline', 5, 46, (random, index) => ({
    x: index / 45,
    width: between(random, 3, 6.5),
    height: between(random, 3, 9) + 9 * Math.abs(index / 45 - 0.5) * 2 * random(),
    windows: Array.from({ length: 5 }, () => [random(), random()] as const),
  }));
  const lift = easeOut(span(scene.t, 0, 0.2));
  for (const tower of towers) {
    const [x, top] = [tower.x * width - (tower.width * unit) / 2, road.horizon - tower.height * unit * lift];
    setAlpha(scene, 0.9);
    pen.fillStyle = '#1b1440';
    pen.fillRect(x, top, tower.width * unit, road.horizon - top);
    pen.fillStyle = '#ffd98a';
    setAlpha(scene, 0.75);
    for (const [wx, wy] of tower.windows) pen.fillRect(x + (0.15 + wx * 0.65) * tower.width * unit, top + (0.1 + wy * 0.75) * (road.horizon - top), unit * 0.55, unit * 0.55);
  }
}

/** The screen row at a distance; 1 is the bottom edge. */
function rowAt(road: Road, scene: Scene, distance: number): number {
  return road.horizon + (scene.height - road.horizon) / distance;
}

function paintRoad(scene: Scene, road: Road): void {
  const { pen, width, height, unit } = scene;
  const asphalt = linear(pen, [0, road.horizon, 0, height], 'rgba(58,30,110,.95)', 'rgba(24,16,58,.9)', 'rgba(12,10,34,.78)');
  setAlpha(scene, 1);
  pen.fillStyle = linear(pen, [0, road.horizon, 0, lerp(road.horizon, height, 0.5)], 'rgba(120,40,160,.55)', 'rgba(60,22,110,.25)', 'rgba(16,8,40,0)');
  pen.fillRect(0, road.horizon, width, (height - road.horizon) * 0.5);
  pen.fillStyle = asphalt;
  fillPolygon(pen, [road.centre - unit * 0.8, road.horizon, road.centre + unit * 0.8, road.horizon, road.centre + road.half, height, road.centre - road.half, height]);
  for (const side of [-1, 1]) {
    pen.fillStyle = linear(pen, [0, road.horizon, 0, height], side < 0 ? tone('sky', 1) : '#ffb3e4', side < 0 ? tone('sky', 2) : '#ff5dc8');
    const edge = road.centre + side * road.half;
    fillPolygon(pen, [road.centre + side * unit * 0.7, road.horizon, road.centre + side * unit * 0.9, road.horizon, edge + side * unit * 1.6, height, edge - side * unit * 1.6, height]);
  }
  pen.fillStyle = 'rgba(255,255,255,.85)';
  for (let dash = 0; dash < 22; dash += 1) {
    const near = 0.72 + ((((dash - road.travelled * 1.6) % 22) + 22) % 22) * 0.55;
    const [y0, y1] = [rowAt(road, scene, near + 0.26), rowAt(road, scene, near)];
    for (const lane of [-0.33, 0.33]) {
      const [x0, x1] = [(lane * road.half) / (near + 0.26), (lane * road.half) / near];
      const [w0, w1] = [(unit * 0.8) / (near + 0.26), (unit * 0.8) / near];
      fillPolygon(pen, [road.centre + x0 - w0, y0, road.centre + x0 + w0, y0, road.centre + x1 + w1, y1, road.centre + x1 - w1, y1]);
    }
  }
}

/** Street lamps pass on both sides, each a dot of light drawn long by speed. */
function paintLamps(scene: Scene, road: Road): void {
  const { pen, unit } = scene;
  const rush = 1 + 1.6 * easeInOut(span(scene.t, BOOST, 0.7));
  for (let lamp = 0; lamp < 14; lamp += 1) {
    const distance = 0.62 + ((((lamp - road.travelled * 0.8) % 14) + 14) % 14) * 0.62;
    const ahead = distance + 0.07 * rush * distance;
    const colour = pick(NEON, lamp);
    for (const side of [-1, 1]) {
      const place = (far: number): [number, number] => [road.centre + (side * road.half * 1.22) / far, rowAt(road, scene, far) - (unit * 34) / far];
      const alpha = clamp((9 - distance) / 4);
      setAlpha(scene, alpha * 0.9);
      pen.strokeStyle = colour;
      pen.lineCap = 'round';
      pen.lineWidth = (unit * 1.5) / distance;
      pen.beginPath();
      pen.moveTo(...place(distance));
      pen.lineTo(...place(ahead));
      pen.stroke();
      stamp(scene, glowSprite(colour), { x: place(distance)[0], y: place(distance)[1], width: (unit * 16) / distance, alpha: alpha * 0.7 });
    }
  }
}

function paintStreaks(scene: Scene, road: Road): void {
  const { pen, unit } = scene;
  const rush = easeInOut(span(scene.t, BOOST - 0.04, 0.62));
  if (rush <= 0) return;
  const streaks = scatter('racer-streaks', scene.seed, 44, (random) => ({ angle: between(random, Math.PI * 0.96, TAU * 1.02), phase: random(), pace: between(random, 0.7, 1.3), colour: pick(NEON, random() * 4) }));
  const far = Math.hypot(scene.width, scene.height) * 0.6;
  pen.lineCap = 'round';
  for (const streak of streaks) {
    const along = (streak.phase + scene.clock_s * streak.pace * 0.9) % 1;
    const [from, to] = [unit * 22 + far * easeIn(along), unit * 22 + far * easeIn(Math.min(1, along + 0.07 + 0.05 * rush))];
    setAlpha(scene, rush * Math.sin(Math.PI * along) * 0.6);
    pen.strokeStyle = fadeHex(streak.colour, 0.9);
    pen.lineWidth = unit * (0.2 + 0.6 * along);
    pen.beginPath();
    pen.moveTo(road.centre + Math.cos(streak.angle) * from, road.horizon + Math.sin(streak.angle) * from);
    pen.lineTo(road.centre + Math.cos(streak.angle) * to, road.horizon + Math.sin(streak.angle) * to);
    pen.stroke();
  }
}

function paintRacer(scene: Scene, road: Road): void {
  const { unit, t, clock_s } = scene;
  const away = easeIn(span(t, 0.66, 0.97));
  const distance = lerp(lerp(0.72, 1.22, easeOut(span(t, 0.02, 0.24))), 9, away);
  const drift = Math.sin(t * 11 + 0.6) * 0.3 * (1 - away) * span(t, 0.05, 0.3);
  const lean = Math.cos(t * 11 + 0.6) * 0.05 * (1 - away);
  const x = road.centre + (drift * road.half) / distance;
  const y = rowAt(road, scene, distance) - (unit * 1.5) / distance + Math.sin(clock_s * 23) * unit * 0.12;
  const scale = (unit * 0.62) / distance;
  const burn = easeInOut(span(t, BOOST - 0.02, BOOST + 0.08));
  paintTailTrails(scene, road, { x, y, distance, burn });
  setAlpha(scene, 1);
  paintAt(scene, { x, y, scale, turn: lean }, (pen) => paintCar(pen, { burn, flicker: Math.sin(clock_s * 19) }));
  paintLight(scene, () => {
    for (const side of [-1, 1]) stamp(scene, glowSprite('#ff3d6a'), { x: x + side * scale * 27, y: y - scale * 29, width: scale * (42 + 14 * burn), alpha: 0.75 });
  });
}

/** The tail lights stay on the night for a moment, from the car back to the viewer. */
function paintTailTrails(scene: Scene, road: Road, car: { x: number; y: number; distance: number; burn: number }): void {
  const length = span(scene.t, 0.62, 0.8);
  if (length <= 0) return;
  const { pen, unit } = scene;
  pen.save();
  pen.globalCompositeOperation = 'lighter';
  for (const side of [-1, 1]) {
    const [headX, headY] = [car.x + (side * unit * 17) / car.distance, car.y - (unit * 18) / car.distance];
    const bottom = { x: road.centre + side * unit * 17, y: scene.height };
    pen.fillStyle = linear(pen, [headX, headY, bottom.x, bottom.y], '#ffd6df', 'rgba(255,60,110,.75)', 'rgba(255,40,120,0)');
    setAlpha(scene, length * 0.85);
    fillPolygon(pen, [headX - unit / car.distance, headY, headX + unit / car.distance, headY, lerp(headX, bottom.x, length) + unit * 2, lerp(headY, bottom.y, length), lerp(headX, bottom.x, length) - unit * 2, lerp(headY, bottom.y, length)]);
  }
  pen.restore();
}
