import { tone } from './shared/colour';
import { TAU, clamp, easeIn, easeOut, overshoot, span } from './shared/ease';
import { fillCircle, fillShape, linear, radial, tracePetal } from './shared/paths';
import { between, scatter } from './shared/random';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const BLOOM = { x: 0, y: -22 };
// From the outside in: petals, their length and width, and how fast the ring turns against its neighbour.
const RINGS = [
  { petals: 7, length: 62, width: 58, turn: 0.5, dark: 0 },
  { petals: 6, length: 49, width: 48, turn: -0.7, dark: 1 },
  { petals: 5, length: 36, width: 40, turn: 0.95, dark: 0 },
  { petals: 4, length: 23, width: 29, turn: -1.2, dark: 1 },
] as const;

/** A bloom opens and turns while its loose petals spiral away. */
export const rose = trayEffect({ id: 'rose', duration_ms: 1500, paint });

function paint(scene: Scene): void {
  stamp(scene, glowSprite(tone('rose', 2)), { ...BLOOM, width: 250, alpha: 0.4 * easeOut(scene.t) });
  paintStem(scene);
  paintBloom(scene);
  paintLoosePetals(scene);
}

function paintStem(scene: Scene): void {
  const grown = easeOut(span(scene.t, 0, 0.28));
  setAlpha(scene, 1);
  paintAt(scene, { x: 0, y: 112, scale_y: grown, scale_x: 0.5 + grown / 2, turn: Math.sin(scene.clock_s * 3) * 0.03 }, (pen) => {
    fillShape(pen, 'M-2-132C6-90 4-50-5 0L2 1C10-50 9-90 4-132z', linear(pen, [0, -130, 0, 0], tone('leaf', 2), tone('leaf', 4)));
    const leaf = linear(pen, [-40, -70, 40, -20], tone('leaf', 1), tone('leaf', 2), tone('leaf', 3));
    fillShape(pen, 'M0-26C-22-20-50-34-56-66-30-70-6-56 0-26z', leaf);
    fillShape(pen, 'M3-44C6-68 28-84 58-82 54-56 32-38 3-44z', leaf);
    fillShape(pen, 'M0-26C-18-36-36-50-56-66-50-36-24-20 0-26zM3-44C18-60 36-72 58-82 52-56 32-40 3-44z', 'rgba(6,60,48,.4)');
  });
}

function paintBloom(scene: Scene): void {
  const opened = overshoot(span(scene.t, 0.04, 0.36));
  const beat = 1 + 0.03 * Math.sin(scene.clock_s * 6);
  setAlpha(scene, 1);
  paintAt(scene, { ...BLOOM, scale: Math.max(0, opened) * beat }, (pen) => {
    pen.fillStyle = tone('rose', 4);
    fillCircle(pen, 0, 0, 36);
    RINGS.forEach((ring, index) => {
      const picture = petalSprite(ring.dark);
      const spread = 0.6 + 0.4 * easeOut(span(scene.t, 0.05 + index * 0.05, 0.45 + index * 0.05));
      for (let petal = 0; petal < ring.petals; petal += 1) {
        pen.save();
        pen.rotate((petal / ring.petals) * TAU + ring.turn * scene.t * 2.2 + index);
        pen.drawImage(picture.image, -ring.width / 2, -ring.length * spread, ring.width, ring.length * spread);
        pen.restore();
      }
    });
    pen.fillStyle = radial(pen, 9, tone('rose', 1), tone('rose', 3), tone('rose', 4));
    fillCircle(pen, 0, 0, 7);
    pen.globalAlpha = 0.22;
    pen.drawImage(glowSprite('#ffffff').image, -62, -64, 84, 84);
  });
}

function paintLoosePetals(scene: Scene): void {
  const petals = scatter('rose-petals', scene.seed, 18, (random, index) => ({
    leaves: 0.22 + index * 0.026,
    angle: index * 2.39996 + between(random, -0.3, 0.3), // the golden angle keeps neighbours apart
    reach: between(random, 105, 172),
    size: between(random, 15, 25),
    flips: between(random, 4, 8),
    dark: (index % 3 === 0 ? 1 : 0) as 0 | 1,
  }));
  for (const petal of petals) {
    const age = span(scene.t, petal.leaves, petal.leaves + 0.46);
    if (age <= 0 || age >= 1) continue;
    const angle = petal.angle + 2.4 * easeOut(age);
    const reach = 34 + petal.reach * easeOut(age);
    const x = BLOOM.x + Math.cos(angle) * reach;
    const y = BLOOM.y + Math.sin(angle) * reach * 0.62 + 52 * easeIn(age);
    setAlpha(scene, clamp(age * 8) * clamp((1 - age) * 3));
    paintAt(scene, { x, y, turn: angle + age * 3, scale_y: 0.35 + 0.65 * Math.abs(Math.cos(age * petal.flips)) }, (pen) => {
      pen.drawImage(petalSprite(petal.dark).image, -petal.size / 2, -petal.size / 2, petal.size, petal.size * 1.1);
    });
  }
}

function petalSprite(dark: 0 | 1): Sprite {
  return sprite(`rose-petal${dark}`, { width: 128, height: 136 }, (pen) => {
    pen.translate(0, 66);
    const tones = dark ? ['#6a0a34', '#b01a54', '#e03a74', '#ff7f9f'] : ['#7c0f3e', tone('rose', 3), '#f9487c', '#ff9db4'];
    tracePetal(pen, 130, 116);
    pen.fillStyle = linear(pen, [0, 0, 0, -132], ...tones);
    pen.fill();
    softRim(pen);
  });
}

/** The curled edge of a petal catches the light on its left. */
function softRim(pen: Pen): void {
  fillShape(pen, 'M-42-70C-44-104-22-128 2-129-24-118-34-98-36-70-37-64-42-64-42-70z', 'rgba(255,228,236,.4)');
  fillShape(pen, 'M44-60C46-96 30-122 4-130 40-124 58-92 46-58z', 'rgba(110,10,52,.28)');
}
