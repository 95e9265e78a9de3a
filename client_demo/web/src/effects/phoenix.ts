import { tone } from './shared/colour';
import { TAU, clamp, easeIn, easeInOut, easeOut, lerp, overshoot, span } from './shared/ease';
import { fillEllipse, radial } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { paintPhoenix } from './phoenix_bird';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, sparkSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const RISES = 0.13;
const BURNS = 0.7; // feathers turn to embers
const REBORN = 0.84;
const FIRE = ['#fff3b8', tone('gold', 2), tone('coral', 2), '#f0502a', '#a8174f'] as const;

/** From a heap of embers a phoenix unfolds its wings, burns to sparks, and is born again small and bright. */
export const phoenix = stageEffect({ id: 'phoenix', duration_ms: 7600, fade_in: 0.05, fade_out: 0.08, paint });

function paint(scene: Scene): void {
  const { unit, width, height, t } = scene;
  dimStage(scene, 0.32 * easeInOut(span(t, 0, 0.15)));
  const heart = { x: width / 2, y: heartY(scene) };
  const ground = { x: width / 2, y: height * 0.5 + unit * 40 };
  paintLight(scene, () => {
    paintAura(scene, heart);
    paintHearth(scene, ground);
    paintSparks(scene, ground);
  });
  paintGrown(scene, heart);
  paintLight(scene, () => paintEmbers(scene, heart));
  paintEgg(scene, heart);
  paintNewborn(scene, heart);
}

function heartY(scene: Scene): number {
  const risen = easeOut(span(scene.t, RISES, 0.42));
  return scene.height * 0.5 + scene.unit * lerp(30, -3, risen) + Math.sin(scene.clock_s * 4.4) * scene.unit * 1.6 * risen * (1 - span(scene.t, BURNS, REBORN));
}

function paintAura(scene: Scene, heart: { x: number; y: number }): void {
  const strength = easeInOut(span(scene.t, RISES, 0.4)) * (1 - 0.75 * easeInOut(span(scene.t, BURNS + 0.02, REBORN)));
  stamp(scene, glowSprite('#ff7a2c'), { ...heart, width: scene.unit * 140, height: scene.unit * 104, alpha: 0.55 * strength });
  stamp(scene, glowSprite(tone('gold', 2)), { ...heart, width: scene.unit * 66, alpha: 0.45 * strength });
}

/** Tongues of fire on the ground, widest while the bird leaves them. */
function paintHearth(scene: Scene, ground: { x: number; y: number }): void {
  const { unit, t, clock_s } = scene;
  const strength = easeInOut(span(t, 0.01, 0.12)) * (1 - easeInOut(span(t, 0.34, 0.52)));
  if (strength <= 0) return;
  stamp(scene, glowSprite('#ff5a2c'), { ...ground, width: unit * 90, height: unit * 26, alpha: 0.8 * strength });
  const tongues = scatter('hearth', scene.seed, 22, (random, index) => ({ x: (index / 21 - 0.5) * 2, tall: between(random, 14, 30), phase: between(random, 0, TAU), colour: pick(FIRE, 1 + random() * 3) }));
  for (const tongue of tongues) {
    const lick = 1 + 0.2 * Math.sin(clock_s * 6 + tongue.phase);
    const tall = tongue.tall * unit * (1 - tongue.x * tongue.x * 0.72) * lick * lerp(0.55, 1, strength);
    stamp(scene, tongueSprite(tongue.colour), { x: ground.x + tongue.x * unit * 22 + Math.sin(clock_s * 3 + tongue.phase) * unit, y: ground.y - tall * 0.4, width: unit * 9, height: tall, alpha: 0.7 * strength });
  }
}

function tongueSprite(colour: string): Sprite {
  return sprite(`tongue${colour}`, { width: 48, height: 96 }, (pen) => {
    for (const [size, alpha] of [[1, 0.4], [0.72, 0.5], [0.42, 0.8]] as const) {
      pen.globalAlpha = alpha;
      pen.fillStyle = size < 0.5 ? '#fff3b8' : colour;
      pen.beginPath();
      pen.moveTo(0, 46 - 92 * size);
      pen.bezierCurveTo(20 * size, 6, 26 * size, 46, 0, 46);
      pen.bezierCurveTo(-26 * size, 46, -14 * size, 10, 0, 46 - 92 * size);
      pen.fill();
    }
  });
}

function paintGrown(scene: Scene, heart: { x: number; y: number }): void {
  const { t, unit, clock_s } = scene;
  const present = easeInOut(span(t, RISES, RISES + 0.1)) * (1 - easeInOut(span(t, BURNS + 0.02, BURNS + 0.1)));
  if (present <= 0) return;
  const spread = easeInOut(span(t, 0.2, 0.42));
  const flap = Math.sin(clock_s * 4.4) * spread;
  const rise = easeIn(span(t, BURNS, BURNS + 0.12));
  setAlpha(scene, present);
  paintAt(scene, { x: heart.x, y: heart.y - rise * unit * 6, scale: unit * lerp(0.42, 0.56, spread) * (1 + rise * 0.1) }, (pen) => paintPhoenix(pen, { spread, flap, clock_s, glow: rise }));
}

/** Sparks fly up the whole time, more of them around the fire. */
function paintSparks(scene: Scene, ground: { x: number; y: number }): void {
  const { unit, width, height, t, clock_s } = scene;
  const sparks = scatter('phoenix-sparks', scene.seed, 90, (random, index) => ({ starts: (index / 90) * 0.8, life: between(random, 0.12, 0.22), x: between(random, -1, 1), tall: between(random, 0.4, 1.1), size: between(random, 1, 2.8), phase: between(random, 0, TAU) }));
  for (const spark of sparks) {
    const age = span(t, spark.starts, spark.starts + spark.life);
    if (age <= 0 || age >= 1) continue;
    const spreadX = Math.min(width * 0.45, unit * 62) * (0.3 + 0.7 * easeOut(age));
    const place = { x: ground.x + spark.x * spreadX + Math.sin(clock_s * 2.4 + spark.phase) * unit * 2, y: ground.y - spark.tall * height * 0.6 * age };
    stamp(scene, sparkSprite(pick(FIRE, 1 + (spark.phase % 3))), { ...place, width: spark.size * unit * (1 - age * 0.5), alpha: Math.sin(Math.PI * age) });
  }
}

/** Where each feather was, an ember is left; they whirl inwards to where the egg will be. */
function paintEmbers(scene: Scene, heart: { x: number; y: number }): void {
  const { unit, t } = scene;
  if (t < BURNS || t > 0.97) return;
  const embers = scatter('phoenix-embers', scene.seed, 230, (random, index) => {
    const wing = index % 3 !== 0;
    const side = index % 2 === 0 ? 1 : -1;
    const along = random();
    return {
      x: wing ? side * (5 + along * 50) : between(random, -10, 10),
      y: wing ? -6 - Math.sin(along * 1.9) * 22 + between(random, -5, 16) * (1 - along * 0.4) : between(random, -18, 40),
      leaves: BURNS + (1 - along) * 0.05 * (wing ? 1 : 1.2) + random() * 0.03,
      size: between(random, 1.6, 4),
      colour: pick(FIRE, random() * 4),
      turns: between(random, 0.7, 1.5),
    };
  });
  for (const ember of embers) {
    const lit = span(t, BURNS, BURNS + 0.05);
    const home = easeIn(span(t, ember.leaves, REBORN)) ** 0.6;
    const burst = easeOut(span(t, REBORN, 0.97));
    const angle = Math.atan2(ember.y, ember.x) + home * ember.turns * 2.4;
    const reach = Math.hypot(ember.x, ember.y) * (1 - home * 0.93) + 10 * Math.sin(Math.PI * home) + burst * (22 + ember.size * 10);
    const place = { x: heart.x + Math.cos(angle) * reach * unit, y: heart.y + Math.sin(angle) * reach * unit * 0.9 };
    stamp(scene, sparkSprite(ember.colour), { ...place, width: ember.size * unit * (1 - burst * 0.6), alpha: lit * (1 - burst) * lerp(1, 0.5, home) });
  }
}

function paintEgg(scene: Scene, heart: { x: number; y: number }): void {
  const { unit, t, clock_s } = scene;
  const whole = easeInOut(span(t, 0.76, 0.83)) * (1 - easeInOut(span(t, REBORN, REBORN + 0.025)));
  if (whole <= 0) return;
  paintLight(scene, () => stamp(scene, glowSprite(tone('gold', 2)), { ...heart, width: unit * 46, alpha: 0.9 * whole }));
  setAlpha(scene, whole);
  paintAt(scene, { ...heart, scale: unit * 6.5 * (0.7 + 0.3 * whole), turn: Math.sin(clock_s * 15) * 0.08 }, (pen) => {
    pen.fillStyle = radial(pen, 1.1, '#fffdf0', tone('gold', 1), tone('gold', 2), tone('coral', 2));
    fillEllipse(pen, 0, 0, [0.78, 1]);
    pen.fillStyle = 'rgba(255,255,255,.8)';
    fillEllipse(pen, -0.28, -0.42, [0.14, 0.26], 0.5);
  });
}

function paintNewborn(scene: Scene, heart: { x: number; y: number }): void {
  const { unit, t, clock_s } = scene;
  const born = span(t, REBORN, REBORN + 0.06);
  if (born <= 0) return;
  const ring = easeOut(span(t, REBORN, 0.97));
  paintLight(scene, () => {
    stamp(scene, glowSprite(tone('gold', 1)), { ...heart, width: unit * 80 * overshoot(born), alpha: 0.55 });
    setAlpha(scene, 0.8 * (1 - ring));
    scene.pen.strokeStyle = tone('gold', 1);
    scene.pen.lineWidth = unit * 1.4 * (1 - ring);
    scene.pen.beginPath();
    scene.pen.arc(heart.x, heart.y, unit * (7 + 42 * ring), 0, TAU);
    scene.pen.stroke();
    for (let glint = 0; glint < 7; glint += 1) {
      const angle = (glint / 7) * TAU + clock_s * 0.5;
      stamp(scene, glintSprite('#fff3b8'), { x: heart.x + Math.cos(angle) * unit * 27, y: heart.y + Math.sin(angle) * unit * 23, width: unit * 6 * clamp(born) * (0.7 + 0.3 * Math.sin(clock_s * 4 + glint)) });
    }
  });
  setAlpha(scene, clamp(born * 3));
  paintAt(scene, { x: heart.x, y: heart.y, scale: unit * 0.25 * overshoot(born) }, (pen) => paintPhoenix(pen, { spread: 0.55 + 0.45 * overshoot(born), flap: Math.sin(clock_s * 8), clock_s, glow: 0.15 }));
}
