import { fadeHex, palette, tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, span } from './shared/ease';
import { bounceHeight, throwX, throwY } from './shared/motion';
import { fillCircle, fillEllipse, fillPolygon, linear, radial } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';
import { paintChestBack, paintChestFront } from './treasure_chest';

const DURATION_S = 5;
const OPENS = 0.24;
const GEM_HUES = ['rose', 'mint', 'sky', 'violet'] as const;

/** A chest lands, its lid swings up, and coins and gems fountain out and rain around it. */
export const treasure = stageEffect({ id: 'treasure', duration_ms: DURATION_S * 1000, paint });

function paint(scene: Scene): void {
  const { unit, width, height, t } = scene;
  dimStage(scene, 0.28 * easeOut(span(t, 0, 0.2)));
  const floor = height * 0.9;
  // Heavy: one low bounce. More would also show the bright chest in one place too often a second.
  const dropped = bounceHeight(span(t, 0, 0.18), 1) ** 2;
  const chest = { x: width / 2, y: floor - dropped * height * 0.75 };
  const rattle = Math.sin(scene.clock_s * 14) * 0.025 * easeInOut(span(t, 0.16, 0.2)) * (1 - span(t, OPENS, OPENS + 0.04));
  const open = easeInOut(span(t, OPENS - 0.02, OPENS + 0.1));
  const mouth = { x: chest.x, y: floor - unit * 27 };
  paintLight(scene, () => {
    paintRays(scene, mouth, open);
    stamp(scene, glowSprite(tone('gold', 2)), { ...mouth, width: unit * 130, height: unit * 110, alpha: 0.5 * open });
  });
  setAlpha(scene, 0.45 * (1 - dropped));
  scene.pen.fillStyle = '#060414';
  fillEllipse(scene.pen, chest.x, floor + unit, [unit * 34, unit * 3.4]);
  setAlpha(scene, 1);
  paintAt(scene, { ...chest, scale: unit * 0.6, turn: rattle }, (pen) => paintChestBack(pen, open));
  paintCoins(scene, mouth, floor, 'behind');
  setAlpha(scene, 1);
  paintAt(scene, { ...chest, scale: unit * 0.6, turn: rattle }, (pen) => paintChestFront(pen, open));
  paintCoins(scene, mouth, floor, 'front');
  paintGlints(scene, mouth, open);
}

function paintRays(scene: Scene, mouth: { x: number; y: number }, open: number): void {
  const { pen, unit } = scene;
  if (open <= 0) return;
  const length = Math.min(scene.height * 0.85, unit * 120);
  const shine = pen.createRadialGradient(mouth.x, mouth.y, unit * 4, mouth.x, mouth.y, length);
  shine.addColorStop(0, fadeHex(tone('gold', 1), 0.5));
  shine.addColorStop(0.5, fadeHex(tone('gold', 2), 0.16));
  shine.addColorStop(1, fadeHex(tone('gold', 2), 0));
  pen.fillStyle = shine;
  for (let ray = 0; ray < 9; ray += 1) {
    const angle = -Math.PI / 2 + (ray - 4) * 0.33 + Math.sin(scene.clock_s * 0.6 + ray * 1.3) * 0.12;
    const half = 0.05 + 0.035 * Math.sin(scene.clock_s * 1.1 + ray * 2.4);
    setAlpha(scene, open * 0.8);
    fillPolygon(pen, [mouth.x, mouth.y, mouth.x + Math.cos(angle - half) * length, mouth.y + Math.sin(angle - half) * length, mouth.x + Math.cos(angle + half) * length, mouth.y + Math.sin(angle + half) * length]);
  }
}

function paintCoins(scene: Scene, mouth: { x: number; y: number }, floor: number, layer: 'behind' | 'front'): void {
  const { unit, width, height } = scene;
  const coins = scatter(`coins-${layer}`, scene.seed, layer === 'front' ? 62 : 54, (random, index) => ({
    leaves: OPENS + 0.05 + (index / 62) * 0.44 + between(random, 0, 0.02),
    speed_x: between(random, -1, 1) * (0.25 + 0.75 * random()),
    speed_y: -between(random, 1.15, 1.85),
    drag: 0.35,
    gravity: 1.9,
    spin: between(random, 2.4, 5.2),
    size: between(random, 5.4, 8.6),
    gem: index % 9 === 4,
    hue: pick(GEM_HUES, random() * 4),
    floor: between(random, layer === 'front' ? 0 : -2.4, layer === 'front' ? 5 : -0.6),
  }));
  for (const coin of coins) {
    const age_s = (scene.t - coin.leaves) * DURATION_S;
    if (age_s <= 0) continue;
    const rests = floor + coin.floor * unit;
    const raw = mouth.y + throwY(coin, age_s) * height * 0.62;
    const [bounced, lying] = bounceOff(raw, rests, unit);
    const x = mouth.x + throwX(coin, Math.min(age_s, 2.1)) * Math.min(width * 0.36, unit * 62);
    const turn = lying ? 0 : age_s * coin.spin * 0.35;
    const facing = lying ? 0.42 : Math.cos(age_s * coin.spin);
    const size = coin.size * unit * clamp(age_s * 8);
    const picture = coin.gem ? gemSprite(coin.hue) : coinSprite(Math.abs(facing) > 0.25);
    setAlpha(scene, 1);
    paintAt(scene, { x, y: bounced, turn, scale_y: coin.gem ? 1 : Math.max(0.16, Math.abs(facing)) }, (pen) => pen.drawImage(picture.image, -size / 2, -size / 2, size, size));
  }
}

/** Where a falling thing really is once the floor has thrown it back, and whether it now lies still. */
function bounceOff(y: number, floor: number, unit: number): [number, boolean] {
  if (y <= floor) return [y, false];
  const hop = clamp((y - floor) / (unit * 40));
  return [floor - Math.sin(Math.min(1, hop * 1.6) * Math.PI) * unit * 5, hop * 1.6 >= 1];
}

function coinSprite(face: boolean): Sprite {
  return sprite(`coin-${face}`, { width: 96, height: 96 }, (pen) => {
    pen.fillStyle = tone('gold', 4);
    fillCircle(pen, 0, 3, 44);
    pen.fillStyle = linear(pen, [-34, -36, 34, 38], tone('gold', 0), tone('gold', 2), tone('gold', 3), tone('gold', 4));
    fillCircle(pen, 0, 0, 44);
    if (!face) return;
    pen.fillStyle = linear(pen, [30, 34, -30, -34], tone('gold', 1), tone('gold', 3));
    fillCircle(pen, 0, 0, 34);
    pen.fillStyle = linear(pen, [-24, -26, 24, 28], tone('gold', 2), '#ffb93c', tone('gold', 3));
    fillCircle(pen, 0, 0, 31);
    pen.fillStyle = tone('gold', 0);
    fillPolygon(pen, [0, -20, 6, -6, 20, -5, 9, 5, 13, 19, 0, 11, -13, 19, -9, 5, -20, -5, -6, -6]);
    pen.fillStyle = 'rgba(255,255,255,.85)';
    fillEllipse(pen, -22, -28, [9, 4.5], -0.8);
  });
}

function gemSprite(hue: (typeof GEM_HUES)[number]): Sprite {
  return sprite(`gem-${hue}`, { width: 96, height: 96 }, (pen) => {
    const [pale, light, middle, deep, dark] = palette[hue];
    pen.fillStyle = radial(pen, 50, light, middle, deep, dark);
    fillPolygon(pen, [-24, -34, 24, -34, 44, -8, 0, 42, -44, -8]);
    pen.fillStyle = pale;
    fillPolygon(pen, [-24, -34, 4, -34, -14, -10]);
    pen.globalAlpha = 0.6;
    fillPolygon(pen, [-44, -8, -24, -34, -14, -10]);
    pen.fillStyle = light;
    fillPolygon(pen, [-14, -10, 14, -10, 0, 42]);
    pen.globalAlpha = 0.4;
    pen.fillStyle = dark;
    fillPolygon(pen, [14, -10, 44, -8, 0, 42]);
  });
}

function paintGlints(scene: Scene, mouth: { x: number; y: number }, open: number): void {
  const glints = scatter('treasure-glints', scene.seed, 22, (random) => ({ angle: between(random, 0, TAU), reach: between(random, 8, 44), phase: between(random, 0, TAU), size: between(random, 3, 8) }));
  for (const glint of glints) {
    const shine = Math.max(0, Math.sin(scene.clock_s * 2.6 + glint.phase));
    const place = { x: mouth.x + Math.cos(glint.angle) * glint.reach * scene.unit, y: mouth.y + scene.unit * 4 + Math.sin(glint.angle) * glint.reach * scene.unit * 0.6 };
    stamp(scene, glintSprite(tone('gold', 0)), { ...place, width: glint.size * scene.unit * lerp(0.3, 1, shine), alpha: shine * open });
  }
}
