import { fadeHex, tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, span } from './shared/ease';
import { fillPolygon, fillRound, linear } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { dimStage, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, sparkSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

interface Curtain {
  hem: number;
  height: number;
  drift: number;
  starts: number;
  colours: readonly [string, string];
}

const CURTAINS: readonly Curtain[] = [
  { hem: 0.36, height: 0.3, drift: 0.5, starts: 0.1, colours: ['#7fa8ff', '#a06bff'] },
  { hem: 0.56, height: 0.46, drift: -0.36, starts: 0.02, colours: ['#4fffb0', '#6d6bff'] },
  { hem: 0.66, height: 0.36, drift: 0.28, starts: 0.2, colours: ['#7dffcf', '#ff7fd0'] },
];
const STRIPS = 84;

/** Curtains of northern light unfold and wave above mountains, pines and a small lit hut. */
export const aurora = stageEffect({ id: 'aurora', duration_ms: 5500, fade_in: 0.1, fade_out: 0.16, paint });

function paint(scene: Scene): void {
  dimStage(scene, 0.32 * easeOut(span(scene.t, 0, 0.2)));
  paintStars(scene);
  paintLight(scene, () => CURTAINS.forEach((curtain, index) => paintCurtain(scene, curtain, index)));
  paintLand(scene);
}

function paintStars(scene: Scene): void {
  const stars = scatter('aurora-stars', scene.seed, 90, (random) => ({ x: random(), y: random() ** 1.3 * 0.62, size: between(random, 0.7, 2), phase: between(random, 0, TAU), shows: between(random, 0, 0.25) }));
  for (const star of stars) {
    const twinkle = 0.6 + 0.4 * Math.sin(scene.clock_s * 2 + star.phase);
    stamp(scene, sparkSprite(tone('sky', 1)), { x: star.x * scene.width, y: star.y * scene.height, width: star.size * scene.unit, alpha: twinkle * span(scene.t, star.shows, star.shows + 0.12) });
  }
  const fall = span(scene.t, 0.52, 0.62);
  if (fall <= 0 || fall >= 1) return;
  for (let dot = 0; dot < 20; dot += 1) {
    const along = fall - dot * 0.016;
    stamp(scene, sparkSprite('#ffffff'), { x: scene.width * lerp(0.78, 0.5, along), y: scene.height * lerp(0.06, 0.24, along), width: scene.unit * (2.2 - dot * 0.1), alpha: (1 - dot / 20) * Math.sin(Math.PI * fall) });
  }
}

/** A curtain hangs from the dark: its hem follows slow waves, and folds make it brighter where it overlaps itself. */
function paintCurtain(scene: Scene, curtain: Curtain, index: number): void {
  const { pen, width, height, clock_s, t } = scene;
  const unfolded = easeInOut(span(t, curtain.starts, curtain.starts + 0.4));
  if (unfolded <= 0) return;
  const picture = stripSprite(curtain.colours);
  const time = clock_s * curtain.drift * 2;
  pen.imageSmoothingEnabled = false; // only gradients: see Sprite.soft
  // Strips meet on whole pixels: with added light, a seam or an overlap would show as a line.
  let left = 0;
  for (let strip = 0; strip < STRIPS; strip += 1) {
    const along = (strip + 0.5) / STRIPS;
    const right = Math.round(((strip + 1) / STRIPS) * width);
    const reveal = clamp(unfolded * 1.5 - Math.abs(along - 0.3 - index * 0.2) * 0.6);
    const wave = Math.sin(along * 5 + time + index * 2) * 0.055 + Math.sin(along * 11 - time * 1.4 + index) * 0.026;
    const fold = 0.5 + 0.5 * Math.sin(along * 17 + time * 2.2 + Math.sin(along * 7 - time) * 2.4 + index);
    const rays = 0.78 + 0.22 * Math.sin(along * 63 + time * 3 + index * 5);
    const tall = curtain.height * (0.72 + 0.4 * fold) * height;
    const hem = (curtain.hem + wave) * height;
    setAlpha(scene, reveal * (0.24 + 0.76 * fold * fold) * rays);
    pen.drawImage(picture.image, left, hem - tall, right - left, tall);
    left = right;
  }
  pen.imageSmoothingEnabled = true;
}

function stripSprite(colours: readonly [string, string]): Sprite {
  const [low, high] = colours;
  return sprite(`curtain${low}`, { width: 2, height: 480 }, (pen) => {
    const light = pen.createLinearGradient(0, -240, 0, 240);
    const stops = [[0, high, 0], [0.3, high, 0.2], [0.6, high, 0.5], [0.82, low, 0.85], [0.93, low, 1], [0.97, low, 0.55], [1, low, 0]] as const;
    for (const [at, colour, alpha] of stops) light.addColorStop(at, fadeHex(colour, alpha));
    pen.fillStyle = light;
    pen.fillRect(-1, -240, 2, 480);
  });
}

function paintLand(scene: Scene): void {
  const { unit, width, height, t } = scene;
  const risen = (1 - easeOut(span(t, 0, 0.18))) * unit * 26;
  paintRange(scene, { base: height - unit * 15 + risen, peak: 17, step: 15, phase: 1, tones: ['#3a4a9a', '#1b2258'], snow: true });
  paintRange(scene, { base: height - unit * 7 + risen, peak: 9, step: 21, phase: 4, tones: ['#202a68', '#0f1238'], snow: false });
  const trees = scatter('aurora-pines', 9, Math.ceil(width / (unit * 4.4)) + 1, (random, index) => ({ x: index * 4.4 + between(random, -1.6, 1.6), size: between(random, 5, 12) * (index % 5 === 2 ? 1.35 : 1) }));
  setAlpha(scene, 1);
  for (const tree of trees) paintPine(scene, { x: tree.x * unit, y: height + unit * 1.4 + risen, size: tree.size * unit });
  paintHut(scene, { x: width * 0.64, y: height + risen - unit * 4 });
}

interface Range {
  base: number;
  peak: number;
  step: number;
  phase: number;
  tones: readonly [string, string];
  snow: boolean;
}

function paintRange(scene: Scene, range: Range): void {
  const { pen, unit, width, height } = scene;
  const peaks = Math.ceil(width / (range.step * unit)) + 1;
  const points: number[] = [-unit, height + 1];
  const caps: number[][] = [];
  for (let peak = 0; peak <= peaks; peak += 1) {
    const x = (peak - 0.4) * range.step * unit;
    const tall = range.peak * unit * (0.6 + 0.4 * Math.sin(peak * 2.4 + range.phase));
    points.push(x - range.step * unit * 0.5, range.base + unit * 3, x, range.base - tall);
    const cap = tall * 0.34 + unit;
    caps.push([x, range.base - tall, x + cap * 0.72, range.base - tall + cap, x + cap * 0.2, range.base - tall + cap * 0.72, x - cap * 0.15, range.base - tall + cap * 1.05, x - cap * 0.7, range.base - tall + cap]);
  }
  points.push(width + unit, height + 1);
  setAlpha(scene, 0.96);
  pen.fillStyle = linear(pen, [0, range.base - range.peak * unit, 0, height], ...range.tones);
  fillPolygon(pen, points);
  if (!range.snow) return;
  pen.fillStyle = '#c9f5ec';
  setAlpha(scene, 0.75);
  for (const cap of caps) fillPolygon(pen, cap);
}

function paintPine(scene: Scene, { x, y, size }: { x: number; y: number; size: number }): void {
  const { pen } = scene;
  pen.fillStyle = pick(['#0b0e2c', '#0e1233'], Math.floor(x));
  for (let tier = 0; tier < 4; tier += 1) {
    const [top, half] = [y - size * (1.15 - tier * 0.24), size * (0.12 + tier * 0.075)];
    fillPolygon(pen, [x, top, x + half, top + size * 0.42, x - half, top + size * 0.42]);
  }
}

function paintHut(scene: Scene, at: { x: number; y: number }): void {
  const { pen, unit } = scene;
  setAlpha(scene, 1);
  pen.fillStyle = '#120d26';
  fillRound(pen, [at.x - unit * 4, at.y - unit * 4, unit * 8, unit * 6], unit * 0.3);
  pen.fillStyle = '#2a2450';
  fillPolygon(pen, [at.x - unit * 5.4, at.y - unit * 3.6, at.x, at.y - unit * 8.4, at.x + unit * 5.4, at.y - unit * 3.6]);
  pen.fillStyle = tone('gold', 2);
  fillRound(pen, [at.x - unit * 1.3, at.y - unit * 2.9, unit * 2.6, unit * 2.6], unit * 0.3);
  paintLight(scene, () => stamp(scene, glowSprite('#ffb04c'), { x: at.x, y: at.y - unit * 1.6, width: unit * 15, alpha: 0.75 }));
  stamp(scene, glintSprite('#fff0b8'), { x: at.x, y: at.y - unit * 1.6, width: unit * 2.4, alpha: 0.7 });
}
