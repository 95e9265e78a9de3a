import { tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, span } from './shared/ease';
import { between, pick, scatter } from './shared/random';
import { paintDragonHead, paintFoot, segmentSprite, tailTuft } from './dragon_body';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, puffSprite, sparkSprite, stamp } from './shared/sprites';

const SEGMENTS = 58;
const SPACING = 2.15; // hundredths of the shorter side between two segments
const FIRE = { from: 0.6, to: 0.76 };
const FIRE_COLOURS = ['#fff6d0', tone('gold', 2), tone('coral', 2), '#f0402a', '#8f1f3a'] as const;

interface Point {
  x: number;
  y: number;
}

/** A jade dragon follows its pearl across the stage, loops, and breathes fire that goes out as embers. */
export const dragon = stageEffect({ id: 'dragon', duration_ms: 7400, fade_in: 0.06, fade_out: 0.1, paint });

function paint(scene: Scene): void {
  const { unit, t } = scene;
  dimStage(scene, 0.3 * easeInOut(span(t, 0, 0.15)));
  paintMist(scene, 'far');
  const along = flownAt(t);
  const spine = spineAt(scene, along);
  const head = spine[0] ?? { x: 0, y: 0 };
  const ahead = pathAt(scene, along + 0.006);
  const heading = Math.atan2(ahead.y - head.y, ahead.x - head.x);
  paintLight(scene, () => {
    for (let index = 0; index < SEGMENTS; index += 8) stamp(scene, glowSprite(tone('mint', 2)), { ...(spine[index] ?? head), width: unit * 28, alpha: 0.2 });
  });
  paintBody(scene, spine);
  const gape = easeInOut(span(t, FIRE.from - 0.04, FIRE.from)) * (1 - easeInOut(span(t, FIRE.to, FIRE.to + 0.04)));
  setAlpha(scene, 1);
  paintAt(scene, { ...head, turn: heading + Math.sin(scene.clock_s * 3) * 0.05, scale: unit * 0.3 }, (pen) => paintDragonHead(pen, { gape, clock_s: scene.clock_s }));
  paintLight(scene, () => {
    paintFire(scene);
    paintPearl(scene, along);
    paintEmbers(scene);
  });
  paintMist(scene, 'near');
}

/** The flight slows where it breathes fire and hurries off afterwards. */
function flownAt(t: number): number {
  return t < 0.58 ? t * 1.02 : t < 0.78 ? 0.5916 + (t - 0.58) * 0.42 : 0.6756 + (t - 0.78) * 2.2 + (t - 0.78) ** 2 * 5;
}

/** In from the left, once around in the middle, then on to the right in waves. */
function pathAt(scene: Scene, along: number): Point {
  const { width, height, unit } = scene;
  const loop = easeInOut(span(along, 0.24, 0.54)) * TAU;
  const reach = unit * 24;
  const x = lerp(-0.22, 1.06, along) * width + Math.sin(loop) * reach * 1.25;
  const wave = Math.sin(along * 12.5 + 0.4) * unit * 8 * (1 - 0.6 * Math.sin(loop / 2));
  return { x, y: height * 0.66 - along * height * 0.14 - (1 - Math.cos(loop)) * reach + wave };
}

/** Points an even distance apart, walked back along the path from the head. */
function spineAt(scene: Scene, along: number): Point[] {
  const step = 0.0012;
  const gap = SPACING * scene.unit;
  const points: Point[] = [];
  let [last, walked, at] = [pathAt(scene, along), 0, along];
  points.push(last);
  // The path is never slower than a quarter of the gap a step, so 8 steps a segment always suffice.
  for (let tries = 0; tries < SEGMENTS * 12 && points.length < SEGMENTS; tries += 1) {
    at -= step;
    const next = pathAt(scene, at);
    const length = Math.hypot(next.x - last.x, next.y - last.y);
    if (walked + length >= gap) {
      const share = (gap - walked) / length;
      last = { x: lerp(last.x, next.x, share), y: lerp(last.y, next.y, share) };
      points.push(last);
      at += step * (1 - share);
      walked = 0;
    } else {
      walked += length;
      last = next;
    }
  }
  return points;
}

function paintBody(scene: Scene, spine: readonly Point[]): void {
  const { unit, clock_s } = scene;
  const size = (index: number): number => unit * lerp(9.4, 2, easeInOut(Math.max(0, index - 14) / (SEGMENTS - 14))) * lerp(0.82, 1, clamp(index / 10));
  for (let index = spine.length - 1; index > 0; index -= 1) {
    const [here, front] = [pick(spine, index), pick(spine, index - 1)];
    const turn = Math.atan2(front.y - here.y, front.x - here.x);
    if (index === spine.length - 1) {
      setAlpha(scene, 1);
      paintAt(scene, { ...here, turn: turn + Math.sin(clock_s * 4) * 0.25, scale: unit * 0.3 }, tailTuft);
    }
    if (index === 17 || index === 36) paintLegs(scene, { ...here, turn }, index);
    stamp(scene, segmentSprite(index % 2), { ...here, width: size(index) * 1.5, turn });
  }
}

function paintLegs(scene: Scene, at: Point & { turn: number }, index: number): void {
  for (const side of [0, 1]) {
    const swing = Math.sin(scene.clock_s * 3.4 + index + side * 1.6) * 0.35;
    setAlpha(scene, 1);
    paintAt(scene, { x: at.x - Math.cos(at.turn) * side * scene.unit * 4, y: at.y - Math.sin(at.turn) * side * scene.unit * 4, turn: at.turn + 0.5 + swing, scale: scene.unit * 0.29 * (side === 0 ? 1 : 0.9) }, paintFoot);
  }
}

function paintFire(scene: Scene): void {
  const { unit, t } = scene;
  const flames = scatter('dragon-fire', scene.seed, 170, (random, index) => ({ born: lerp(FIRE.from, FIRE.to, index / 170), spread: between(random, -0.24, 0.24), reach: between(random, 30, 60), life: between(random, 0.06, 0.1), size: between(random, 9, 19), rise: between(random, 2, 12) }));
  for (const flame of flames) {
    const age = span(t, flame.born, flame.born + flame.life);
    if (age <= 0 || age >= 1) continue;
    const along = flownAt(flame.born);
    const [mouth, ahead] = [pathAt(scene, along), pathAt(scene, along + 0.006)];
    const heading = Math.atan2(ahead.y - mouth.y, ahead.x - mouth.x) + 0.08 + flame.spread * (0.4 + age);
    const reach = unit * (17 + flame.reach * age ** 0.8);
    const colour = pick(FIRE_COLOURS, Math.min(4, age * 5));
    const place = { x: mouth.x + Math.cos(heading) * reach, y: mouth.y + Math.sin(heading) * reach - flame.rise * unit * age * age, width: unit * flame.size * (0.5 + 1.2 * easeOut(age)) };
    stamp(scene, glowSprite(colour), { ...place, alpha: 0.68 * (1 - age) ** 0.7 });
  }
}

function paintEmbers(scene: Scene): void {
  const { unit, t, clock_s } = scene;
  const embers = scatter('dragon-embers', scene.seed, 80, (random, index) => ({ born: lerp(FIRE.from + 0.02, FIRE.to + 0.03, index / 80), spread: between(random, -0.4, 0.4), reach: between(random, 24, 70), life: between(random, 0.16, 0.26), size: between(random, 1.4, 3), phase: between(random, 0, TAU) }));
  for (const ember of embers) {
    const age = span(t, ember.born, ember.born + ember.life);
    if (age <= 0 || age >= 1) continue;
    const from = pathAt(scene, flownAt(ember.born));
    const reach = unit * ember.reach * easeOut(age);
    const place = { x: from.x + Math.cos(ember.spread) * reach + Math.sin(clock_s * 2 + ember.phase) * unit * 2, y: from.y + Math.sin(ember.spread) * reach - unit * 26 * age * age };
    stamp(scene, sparkSprite(pick([tone('gold', 2), tone('coral', 2)], Math.floor(ember.phase))), { ...place, width: unit * ember.size * (1 - age * 0.6), alpha: (1 - age) * clamp(age * 8) });
  }
}

/** The pearl it chases; it always stays just out of reach. */
function paintPearl(scene: Scene, along: number): void {
  const { unit, clock_s } = scene;
  const at = pathAt(scene, along + 0.13 + Math.sin(clock_s * 1.7) * 0.006);
  const away = 1 - span(scene.t, FIRE.from - 0.06, FIRE.from);
  for (let dot = 0; dot < 18; dot += 1) {
    const past = pathAt(scene, along + 0.13 - dot * 0.0045);
    stamp(scene, sparkSprite(tone('gold', 2)), { x: past.x, y: past.y + Math.sin(dot * 2 + clock_s * 4) * unit * 0.9, width: unit * (2.8 - dot * 0.13), alpha: 0.6 * (1 - dot / 18) * away });
  }
  stamp(scene, glowSprite(tone('gold', 1)), { ...at, width: unit * 24, alpha: 0.8 * away });
  stamp(scene, glowSprite('#ffffff'), { ...at, width: unit * 8, alpha: away });
  stamp(scene, glintSprite('#fff6d0'), { ...at, width: unit * 15, turn: clock_s * 0.6, alpha: away });
}

function paintMist(scene: Scene, layer: 'far' | 'near'): void {
  const { unit, width, height, t, clock_s } = scene;
  const wisps = scatter(`dragon-mist-${layer}`, scene.seed, layer === 'far' ? 12 : 7, (random) => ({ x: random(), y: layer === 'far' ? between(random, 0.5, 0.95) : between(random, 0.86, 1.02), size: between(random, 28, 56), pace: between(random, 0.01, 0.03) }));
  const shown = easeInOut(span(t, 0, 0.15));
  for (const wisp of wisps) {
    const x = (((wisp.x + clock_s * wisp.pace) % 1.3) - 0.15) * width;
    stamp(scene, puffSprite('#e6fff6', '#5a8fa8'), { x, y: wisp.y * height, width: wisp.size * unit, height: wisp.size * unit * 0.34, alpha: (layer === 'far' ? 0.3 : 0.42) * shown });
  }
}
