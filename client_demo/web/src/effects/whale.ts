import { fadeHex, tone } from './shared/colour';
import { TAU, clamp, easeIn, easeInOut, easeOut, lerp, span } from './shared/ease';
import { throwX, throwY } from './shared/motion';
import { fillCircle, fillShape, linear } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glowSprite, sparkSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';
import { paintFluke, paintWhale } from './whale_body';

const DURATION_S = 5.4;
const LEAVES = 0.2;
const LANDS = 0.7;
const WAVES = [
  { level: 0, swell: 2.6, pace: 0.9, length: 34, top: '#7fd6ff', deep: '#1f5fd0', alpha: 0.62 },
  { level: 5, swell: 2.2, pace: -1.2, length: 26, top: '#4fa8f5', deep: '#163fae', alpha: 0.72 },
  { level: 11, swell: 1.8, pace: 1.5, length: 21, top: '#3f86e8', deep: '#0f2a80', alpha: 0.82 },
] as const;

/** The sea comes up, a whale leaps through it and sings, dives, and waves with its tail. */
export const whale = stageEffect({ id: 'whale', duration_ms: DURATION_S * 1000, paint });

function paint(scene: Scene): void {
  const { unit, height, t } = scene;
  dimStage(scene, 0.26 * easeOut(span(t, 0, 0.2)));
  const sea = height * lerp(1.12, 0.72, easeOut(span(t, 0, 0.2)) - easeIn(span(t, 0.9, 1)) * 0.5);
  const now = span(t, LEAVES, LANDS);
  const at = leapAt(scene, sea, now);
  paintMoon(scene);
  paintWave(scene, 0, sea);
  if (now > 0 && now < 1) {
    paintSong(scene, at);
    paintAt(scene, { ...at, scale: unit * 0.62 }, (pen) => {
      setAlpha(scene, 1);
      paintWhale(pen, Math.sin(scene.clock_s * 3));
    });
    paintDrips(scene, sea, now);
  }
  paintTailWave(scene, sea);
  paintSplash(scene, { x: leapAt(scene, sea, 0.12).x, y: sea }, LEAVES + 0.05);
  paintWave(scene, 1, sea);
  paintSplash(scene, { x: leapAt(scene, sea, 0.9).x, y: sea }, LANDS - 0.06);
  paintWave(scene, 2, sea);
}

function leapAt(scene: Scene, sea: number, along: number): { x: number; y: number; turn: number } {
  const reach = Math.min(scene.width * 0.36, scene.unit * 62);
  const rise = Math.min(scene.height * 0.42, scene.unit * 62);
  const under = scene.unit * 30;
  // It hangs a while at the top, as big animals seem to.
  const s = along + Math.sin(along * TAU) * 0.045;
  const angle = Math.PI * s;
  const x = scene.width / 2 - Math.cos(angle) * reach;
  const y = sea + under - Math.sin(angle) * (rise + under);
  return { x, y, turn: Math.atan2(-Math.cos(angle) * (rise + under), Math.sin(angle) * reach) * 0.86 };
}

function paintMoon(scene: Scene): void {
  const shown = easeInOut(span(scene.t, 0.05, 0.3));
  const place = { x: scene.width * 0.5, y: scene.height * 0.3 };
  paintLight(scene, () => stamp(scene, glowSprite('#8fc8ff'), { ...place, width: scene.unit * 110, alpha: 0.3 * shown }));
  setAlpha(scene, 0.16 * shown);
  scene.pen.fillStyle = '#dff1ff';
  fillCircle(scene.pen, place.x, place.y, scene.unit * 24);
  setAlpha(scene, 0.1 * shown);
  fillCircle(scene.pen, place.x, place.y, scene.unit * 29);
}

function paintWave(scene: Scene, index: 0 | 1 | 2, sea: number): void {
  const { pen, unit, width, height } = scene;
  const wave = WAVES[index];
  const level = sea + wave.level * unit;
  if (level - unit * 4 > height) return;
  const crest = (x: number): number => level + Math.sin(x / (wave.length * unit) * TAU * 0.5 + scene.clock_s * wave.pace) * wave.swell * unit + Math.sin(x / (unit * 11) - scene.clock_s * 1.3) * unit * 0.6;
  setAlpha(scene, wave.alpha);
  // Only the front wave reaches the bottom: the others end where it hides them.
  const foot = index === 2 ? height : Math.min(height, level + unit * 16);
  pen.fillStyle = linear(pen, [0, level - unit * 3, 0, foot], wave.top, index === 2 ? wave.deep : fadeHex(wave.deep, 0));
  pen.beginPath();
  pen.moveTo(0, foot);
  const steps = 48;
  for (let step = 0; step <= steps; step += 1) pen.lineTo((step / steps) * width, crest((step / steps) * width));
  pen.lineTo(width, foot);
  pen.fill();
  setAlpha(scene, 0.75);
  pen.strokeStyle = '#e0f5ff';
  pen.lineWidth = unit * 0.55;
  pen.beginPath();
  for (let step = 0; step <= steps; step += 1) pen.lineTo((step / steps) * width, crest((step / steps) * width));
  pen.stroke();
}

/** The song: arcs that open in front of its mouth, with a light riding on each. */
function paintSong(scene: Scene, at: { x: number; y: number; turn: number }): void {
  const { pen, unit } = scene;
  const mouth = { x: at.x + Math.cos(at.turn) * unit * 24, y: at.y + Math.sin(at.turn) * unit * 24 };
  paintLight(scene, () => {
    for (let arc = 0; arc < 6; arc += 1) {
      const age = span(scene.t, 0.32 + arc * 0.045, 0.52 + arc * 0.045);
      if (age <= 0 || age >= 1) continue;
      const reach = unit * (7 + 42 * easeOut(age));
      const colour = pick([tone('sky', 1), tone('violet', 1), tone('mint', 1)], arc);
      setAlpha(scene, Math.sin(Math.PI * Math.sqrt(age)) * 0.8);
      pen.strokeStyle = colour;
      pen.lineCap = 'round';
      pen.lineWidth = unit * 1.3 * (1 - age * 0.7);
      const facing = at.turn - 0.25;
      pen.beginPath();
      pen.arc(mouth.x, mouth.y, reach, facing - 0.55, facing + 0.55);
      pen.stroke();
      for (const side of [-0.55, 0, 0.55]) stamp(scene, sparkSprite(colour), { x: mouth.x + Math.cos(facing + side) * reach, y: mouth.y + Math.sin(facing + side) * reach, width: unit * 3.4 * (1 - age * 0.6), alpha: 1 - age });
    }
  });
}

function dropSprite(): Sprite {
  return sprite('drop', { width: 32, height: 32 }, (pen) => {
    fillShape(pen, 'M0-14C6-4 10 1 10 5A10 9 0 0 1-10 5C-10 1-6-4 0-14z', linear(pen, [-8, -10, 8, 12], '#ffffff', '#bfe9ff', '#6cc4ff'));
  });
}

function paintSplash(scene: Scene, from: { x: number; y: number }, starts: number): void {
  const age_s = (scene.t - starts) * DURATION_S;
  if (age_s <= 0 || age_s > 1.5) return;
  const drops = scatter(`splash-${starts}`, scene.seed, 64, (random) => ({ speed_x: between(random, -46, 46), speed_y: -between(random, 34, 112) * (0.6 + 0.4 * random()), drag: 0.9, gravity: 120, size: between(random, 1.2, 3.6), delay_s: random() * 0.12 }));
  const { unit } = scene;
  stamp(scene, glowSprite('#ffffff'), { x: from.x, y: from.y, width: unit * 60 * (0.5 + age_s), height: unit * 16, alpha: 0.5 * clamp(1 - age_s) });
  for (const drop of drops) {
    const own_s = age_s - drop.delay_s;
    if (own_s <= 0) continue;
    const place = { x: from.x + throwX(drop, own_s) * unit, y: from.y + throwY(drop, own_s) * unit };
    if (place.y > from.y + unit * 6) continue;
    stamp(scene, dropSprite(), { ...place, width: drop.size * unit, alpha: clamp((1.5 - age_s) * 2) });
  }
}

/** Water runs off it while it is in the air. */
function paintDrips(scene: Scene, sea: number, now: number): void {
  const { unit } = scene;
  for (let drip = 0; drip < 40; drip += 1) {
    const left = 0.1 + (drip / 40) * 0.75;
    const age_s = (now - left) * (LANDS - LEAVES) * DURATION_S;
    if (age_s <= 0 || age_s > 0.9) continue;
    const from = leapAt(scene, sea, left);
    const behind = ((drip * 7) % 10) * 3.4 - 22;
    const y = from.y + unit * 6 + Math.sin(from.turn) * behind * unit + 60 * age_s * age_s * unit;
    if (y < sea) stamp(scene, dropSprite(), { x: from.x + Math.cos(from.turn) * behind * unit, y, width: unit * (1.2 + (drip % 4) * 0.5), alpha: clamp((0.9 - age_s) * 3) });
  }
}

function paintTailWave(scene: Scene, sea: number): void {
  const up = easeInOut(span(scene.t, 0.76, 0.84)) * (1 - easeInOut(span(scene.t, 0.9, 0.97)));
  if (up <= 0) return;
  const x = scene.width / 2 + Math.min(scene.width * 0.2, scene.unit * 34);
  setAlpha(scene, 1);
  paintAt(scene, { x, y: sea + scene.unit * (34 - 36 * up), scale: scene.unit * 0.6, turn: Math.sin(scene.clock_s * 4) * 0.13 }, paintFluke);
}
