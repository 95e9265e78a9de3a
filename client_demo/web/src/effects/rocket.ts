import { mixHex, palette, tone } from './shared/colour';
import { TAU, clamp, easeIn, easeInOut, easeOut, lerp, span } from './shared/ease';
import { fillCircle, fillEllipse, fillPolygon, linear, radial } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { paintFlame, paintGantry, paintRocket } from './rocket_body';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, puffSprite, sparkSprite, stamp } from './shared/sprites';

const LIFTS = 0.2;
const LEAVES = 0.84;

/** A rocket lights on its pad, climbs through the clouds to the stars, passes worlds, and is gone as a new star. */
export const rocket = stageEffect({ id: 'rocket', duration_ms: 7000, fade_in: 0.05, fade_out: 0.09, paint });

interface Flight {
  x: number;
  y: number;
  /** How far the world has sunk below the camera, in stage heights. */
  sunk: number;
  scale: number;
  burn: number;
}

function paint(scene: Scene): void {
  const { t, unit } = scene;
  dimStage(scene, lerp(0.12, 0.34, easeInOut(span(t, 0.25, 0.55))) * easeOut(span(t, 0, 0.06)));
  const now = flightAt(scene, t);
  paintStars(scene, now);
  paintWorlds(scene, now);
  paintClouds(scene, now, 'far');
  paintPad(scene, now);
  paintSmoke(scene, now);
  paintTrail(scene, now);
  const place = { x: now.x + rumble(scene), y: now.y, scale: now.scale * unit, turn: Math.sin(scene.clock_s * 1.4) * 0.03 * span(t, 0.45, 0.6) };
  paintLight(scene, () => stamp(scene, glowSprite(tone('coral', 2)), { x: now.x, y: now.y + unit * 12 * now.scale * 2, width: unit * 90 * now.scale * 1.6, alpha: 0.55 * now.burn }));
  paintAt(scene, place, (pen) => {
    setAlpha(scene, 1);
    paintFlame(pen, now.burn, scene.clock_s);
    paintRocket(pen);
  });
  paintClouds(scene, now, 'near');
  paintFarewell(scene);
}

/** Altitude in stage heights: nothing on the pad, then ever faster. */
function altitudeAt(t: number): number {
  return 15 * Math.max(0, t - LIFTS) ** 2;
}

function flightAt(scene: Scene, t: number): Flight {
  const { width, height } = scene;
  const altitude = altitudeAt(t);
  const climbed = 0.27 * (1 - Math.exp(-altitude / 0.27));
  const away = easeIn(span(t, LEAVES - 0.06, LEAVES + 0.08));
  return {
    x: width / 2 + Math.sin(scene.clock_s * 0.9) * width * 0.02 * span(t, 0.4, 0.6),
    y: height * (0.73 - climbed - away * 0.33),
    sunk: altitude - climbed,
    scale: 0.62 * (1 - away * 0.96),
    burn: easeInOut(span(t, 0.13, 0.2)) * (1 - away * 0.3),
  };
}

function rumble(scene: Scene): number {
  const strength = span(scene.t, 0.12, 0.18) * (1 - span(scene.t, 0.3, 0.45));
  return Math.sin(scene.clock_s * 47) * scene.unit * 0.3 * strength;
}

function paintStars(scene: Scene, now: Flight): void {
  const { pen, unit, width, height, t } = scene;
  const shown = easeInOut(span(t, 0.22, 0.5));
  if (shown <= 0) return;
  const stars = scatter('rocket-stars', scene.seed, 120, (random) => ({ x: random(), y: random(), depth: between(random, 0.12, 0.5), phase: between(random, 0, TAU), hue: random() }));
  const speed = Math.max(0, t - LIFTS) * (1 - span(t, LEAVES, 0.95));
  for (const star of stars) {
    const y = ((star.y + now.sunk * star.depth) % 1) * height;
    const length = unit * 11 * speed * star.depth;
    const colour = star.hue < 0.2 ? tone('gold', 1) : star.hue < 0.4 ? tone('violet', 1) : '#ffffff';
    setAlpha(scene, shown * (0.5 + 0.3 * Math.sin(scene.clock_s * 2 + star.phase)) * (0.4 + star.depth));
    pen.fillStyle = colour;
    const size = unit * (0.24 + star.depth * 0.7);
    fillEllipse(pen, star.x * width, y, [size * 0.5, size * 0.5 + length]);
  }
}

function paintWorlds(scene: Scene, now: Flight): void {
  const { unit, width, height, t } = scene;
  if (t < 0.36) return;
  const drift = now.sunk * height;
  paintPlanet(scene, { x: width * 0.5 + Math.min(width * 0.3, unit * 62), y: drift * 0.24 - height * 0.2, size: unit * 13, hue: 'coral', ring: true });
  paintPlanet(scene, { x: width * 0.5 - Math.min(width * 0.34, unit * 70), y: drift * 0.17 - height * 0.12, size: unit * 7.5, hue: 'mint', ring: false });
  paintPlanet(scene, { x: width * 0.5 - Math.min(width * 0.2, unit * 40), y: drift * 0.3 - height * 0.95, size: unit * 4.4, hue: 'violet', ring: false });
}

function paintPlanet(scene: Scene, world: { x: number; y: number; size: number; hue: keyof typeof palette; ring: boolean }): void {
  const { x, y, size, hue, ring } = world;
  if (y < -size * 3 || y > scene.height + size * 3) return;
  const tones = palette[hue];
  stamp(scene, glowSprite(tones[2]), { x, y, width: size * 4.4, alpha: 0.4 });
  setAlpha(scene, 1);
  paintAt(scene, { x, y, scale: size, turn: -0.4 }, (pen) => {
    const band = (front: boolean): void => {
      pen.strokeStyle = linear(pen, [-2, 0, 2, 0], tones[1], '#fff6e0', tones[3]);
      for (const [reach, thick] of [[1.9, 0.16], [1.6, 0.1]] as const) {
        pen.lineWidth = thick;
        pen.beginPath();
        pen.ellipse(0, 0, reach, reach * 0.28, 0, front ? 0 : Math.PI, front ? Math.PI : TAU);
        pen.stroke();
      }
    };
    if (ring) band(false);
    pen.fillStyle = radial(pen, 1, tones[0], tones[1], tones[2], tones[3], tones[4]);
    fillCircle(pen, 0, 0, 1);
    pen.fillStyle = mixHex(tones[2], tones[3], 0.6);
    pen.globalAlpha = 0.4;
    for (const [cx, cy, radius] of [[-0.3, 0.2, 0.2], [0.35, -0.3, 0.15], [0.25, 0.5, 0.13], [-0.1, -0.5, 0.1]] as const) fillCircle(pen, cx, cy, radius);
    pen.globalAlpha = 1;
    if (ring) band(true);
  });
}

function paintClouds(scene: Scene, now: Flight, layer: 'far' | 'near'): void {
  const { unit, width, height } = scene;
  const clouds = scatter(`clouds-${layer}`, scene.seed, layer === 'far' ? 7 : 4, (random, index) => ({
    x: between(random, -0.05, 1.05),
    level: 0.35 + index * (layer === 'far' ? 0.2 : 0.36) + between(random, 0, 0.1),
    size: between(random, 20, 34) * (layer === 'far' ? 0.8 : 1.25),
    puffs: Array.from({ length: 6 }, () => [between(random, -0.6, 0.6), between(random, -0.14, 0.14), between(random, 0.5, 1)] as const),
  }));
  const pace = layer === 'far' ? 0.85 : 1.3;
  for (const cloud of clouds) {
    const y = (now.sunk * pace - cloud.level) * height;
    if (y < -unit * 20 || y > height + unit * 20) continue;
    for (const [dx, dy, size] of cloud.puffs) {
      const place = { x: cloud.x * width + dx * cloud.size * unit, y: y + dy * cloud.size * unit, width: size * cloud.size * unit, height: size * cloud.size * unit * 0.72 };
      stamp(scene, puffSprite('#ffffff', '#b9b6e6'), { ...place, alpha: layer === 'far' ? 0.4 : 0.5 });
    }
  }
}

function paintPad(scene: Scene, now: Flight): void {
  const { pen, unit, width, height } = scene;
  const ground = height * 0.92 + now.sunk * height + unit * 10 * (1 - easeOut(span(scene.t, 0, 0.08)));
  if (ground > height + unit * 70) return;
  setAlpha(scene, 1);
  paintAt(scene, { x: width / 2, y: ground, scale: unit }, (inner) => paintGantry(inner, easeInOut(span(scene.t, 0.1, 0.19)), scene.clock_s));
  pen.fillStyle = linear(pen, [0, ground, 0, ground + unit * 12], '#3d3a78', 'rgba(24,20,60,.9)');
  fillPolygon(pen, [width / 2 - unit * 46, ground + unit * 2, width / 2 + unit * 46, ground + unit * 2, width / 2 + unit * 62, ground + unit * 14, width / 2 - unit * 62, ground + unit * 14]);
}

function paintSmoke(scene: Scene, now: Flight): void {
  const { unit, width, height, t } = scene;
  const ground = height * 0.92 + now.sunk * height;
  if (t < 0.12 || ground > height + unit * 50) return;
  const puffs = scatter('pad-smoke', scene.seed, 46, (random, index) => ({ side: index % 2 === 0 ? 1 : -1, starts: 0.13 + (index / 46) * 0.19, reach: between(random, 6, 62), rise: between(random, 0, 13), size: between(random, 12, 26) }));
  for (const puff of puffs) {
    const age = span(t, puff.starts, puff.starts + 0.24);
    if (age <= 0 || age >= 1) continue;
    const place = { x: width / 2 + puff.side * puff.reach * unit * easeOut(age), y: ground - puff.rise * unit * age, width: puff.size * unit * (0.4 + 0.8 * easeOut(age)) };
    stamp(scene, puffSprite(age < 0.25 ? '#ffe3c2' : '#ffffff', '#a9a4d8'), { ...place, alpha: 0.75 * clamp(age * 6) * (1 - age) ** 0.7 });
  }
}

/** The plume hangs where it was left, so it sinks with the world. */
function paintTrail(scene: Scene, now: Flight): void {
  const { unit, height, t } = scene;
  const jitter = scatter('plume', scene.seed, 64, (random) => ({ x: between(random, -1, 1), size: between(random, 0.7, 1.3) }));
  for (let puff = 0; puff < 64; puff += 1) {
    const born = t - (puff / 64) * 0.09;
    if (born < LIFTS) break;
    const then = flightAt(scene, born);
    const age = puff / 64;
    const { x, size } = pick(jitter, Math.floor(born * 700));
    const y = then.y + unit * 36 * then.scale + (now.sunk - then.sunk) * height + age * unit * 6;
    if (y > height + unit * 10) continue;
    const place = { x: then.x + x * unit * 7 * age * then.scale, y, width: unit * size * (6 + 13 * age) * (then.scale / 0.62) };
    stamp(scene, puffSprite(age < 0.12 ? '#ffd9a0' : '#f2efff', age < 0.12 ? '#ff8a4c' : '#9f9ad6'), { ...place, alpha: 0.5 * (1 - age) * now.burn });
  }
}

function paintFarewell(scene: Scene): void {
  const born = span(scene.t, LEAVES + 0.05, LEAVES + 0.1);
  if (born <= 0) return;
  const { unit, width, height } = scene;
  const at = { x: width / 2, y: height * 0.13 };
  paintLight(scene, () => {
    stamp(scene, glowSprite(tone('gold', 1)), { ...at, width: unit * 46 * easeOut(born), alpha: 0.7 });
    stamp(scene, glintSprite('#ffffff'), { ...at, width: unit * 30 * easeOut(born), turn: scene.clock_s * 0.3 });
    for (let ray = 0; ray < 16; ray += 1) {
      const reach = unit * (6 + 24 * easeOut(span(scene.t, LEAVES + 0.05, 1)) * (ray % 2 === 0 ? 1 : 0.62));
      stamp(scene, sparkSprite(pick([tone('gold', 2), tone('sky', 2), tone('rose', 1)], ray)), { x: at.x + Math.cos((ray / 16) * TAU) * reach, y: at.y + Math.sin((ray / 16) * TAU) * reach, width: unit * 3 });
    }
  });
}
