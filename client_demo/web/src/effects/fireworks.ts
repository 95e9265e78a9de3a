import { palette, tone } from './shared/colour';
import { TAU, clamp, easeIn, easeOut, lerp, span } from './shared/ease';
import { throwX, throwY } from './shared/motion';
import { between, pick, scatter } from './shared/random';
import type { Random } from './shared/random';
import { dimStage, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, sparkSprite, stamp } from './shared/sprites';

const DURATION_S = 5.4;
const SHELLS = 8;
// 0.46 s apart is 2.2 bursts a second: under the 3 flashes of WCAG 2.3.1 even if each filled the stage.
const BURST_GAP_S = 0.46;
const FIRST_BURST_S = 0.8;
const RISE_S = 0.75;

type Kind = 'peony' | 'willow' | 'ring' | 'palm' | 'heart';
const KINDS: readonly Kind[] = ['peony', 'ring', 'willow', 'heart', 'palm', 'peony', 'ring', 'willow'];
const HUES = ['rose', 'sky', 'gold', 'rose', 'mint', 'violet', 'coral', 'gold'] as const;
const LIFE_S: Record<Kind, number> = { peony: 1.35, willow: 2.1, ring: 1.25, palm: 1.6, heart: 1.5 };

interface Spark {
  speed_x: number;
  speed_y: number;
  drag: number;
  gravity: number;
  size: number;
  inner: boolean;
  phase: number;
}

interface Shell {
  kind: Kind;
  x: number;
  y: number;
  bursts_s: number;
  colours: readonly [string, string];
  sparks: readonly Spark[];
}

/** Shells climb one after another and open as peonies, rings, palms, willows and a heart. */
export const fireworks = stageEffect({ id: 'fireworks', duration_ms: DURATION_S * 1000, fade_in: 0.05, fade_out: 0.16, paint });

function paint(scene: Scene): void {
  dimStage(scene, 0.26 * easeOut(span(scene.t, 0, 0.15)));
  const shells = scatter('shells', scene.seed, SHELLS, makeShell);
  const now_s = scene.t * DURATION_S;
  paintLight(scene, () => {
    for (const shell of shells) {
      paintRise(scene, shell, now_s);
      paintBurst(scene, shell, now_s - shell.bursts_s);
    }
  });
}

function makeShell(random: Random, index: number): Shell {
  const kind = pick(KINDS, index);
  const hue = pick(HUES, index);
  const count = { peony: 120, willow: 84, ring: 110, palm: 22, heart: 90 }[kind];
  return {
    kind,
    x: clamp([0.5, 0.24, 0.74, 0.42, 0.82, 0.18, 0.62, 0.46][index] ?? 0.5) + between(random, -0.05, 0.05),
    y: between(random, 0.2, 0.42),
    bursts_s: FIRST_BURST_S + index * BURST_GAP_S,
    colours: [palette[hue][1], palette[pick(HUES, index + 2)][2]],
    sparks: Array.from({ length: count }, (_, spark) => makeSpark(random, kind, spark / count)),
  };
}

/** Speeds are in hundredths of the shorter side a second. */
function makeSpark(random: Random, kind: Kind, share: number): Spark {
  const spin = share * TAU;
  const base = { drag: 2.4, gravity: 16, size: between(random, 2.8, 4.4), inner: share % 0.3 < 0.1, phase: between(random, 0, TAU) };
  if (kind === 'ring') return makeRingSpark(random, base, share);
  if (kind === 'heart') {
    const [x, y] = [16 * Math.sin(spin) ** 3, 13 * Math.cos(spin) - 5 * Math.cos(2 * spin) - 2 * Math.cos(3 * spin) - Math.cos(4 * spin)];
    return { ...base, speed_x: x * 5.6, speed_y: -y * 5.6, drag: 2.6, gravity: 9, inner: false };
  }
  // Even over the sphere, so the ball looks round from the front.
  const height = 1 - 2 * ((share * 7.77) % 1);
  const [across, speed] = [Math.sqrt(1 - height * height), kind === 'willow' ? between(random, 50, 84) : kind === 'palm' ? between(random, 80, 104) : between(random, 88, 112)];
  const angle = share * TAU * 31.4;
  return { ...base, speed_x: Math.cos(angle) * across * speed, speed_y: height * speed - 6, drag: kind === 'willow' ? 1.7 : 2.3, gravity: kind === 'willow' ? 30 : kind === 'palm' ? 24 : 17 };
}

/** Two thirds form the ring, the rest a round heart in another colour. */
function makeRingSpark(random: Random, base: Omit<Spark, 'speed_x' | 'speed_y'>, share: number): Spark {
  const spin = share * TAU * 3;
  if (share > 0.66) return { ...base, speed_x: Math.cos(spin * 7) * between(random, 10, 34), speed_y: Math.sin(spin * 7) * between(random, 10, 34), gravity: 12, inner: true };
  return { ...base, speed_x: Math.cos(spin) * 88, speed_y: Math.sin(spin) * 88 * 0.5 - Math.cos(spin) * 26, gravity: 12, inner: false };
}

function paintRise(scene: Scene, shell: Shell, now_s: number): void {
  const climbed = span(now_s, shell.bursts_s - RISE_S, shell.bursts_s);
  if (climbed <= 0 || climbed >= 1) return;
  const picture = sparkSprite(tone('gold', 2));
  for (let dot = 0; dot < 26; dot += 1) {
    const past = climbed - dot * 0.011;
    if (past <= 0) break;
    const y = lerp(1.04, shell.y, easeOut(past)) * scene.height;
    const x = shell.x * scene.width + Math.sin(past * 16) * scene.unit * 0.5;
    stamp(scene, picture, { x, y: y + dot * scene.unit * 0.12, width: scene.unit * (3.4 - dot * 0.11), alpha: (1 - dot / 26) ** 1.5 * (1 - easeIn(climbed) * 0.5) });
  }
}

function paintBurst(scene: Scene, shell: Shell, age_s: number): void {
  const life_s = LIFE_S[shell.kind];
  const age = age_s / life_s;
  if (age <= 0 || age >= 1) return;
  const [x, y, unit] = [shell.x * scene.width, shell.y * scene.height, scene.unit];
  // The light of the burst stays local and swells over 0.1 s: bright, yet no flash of the stage.
  const bloom = clamp(age_s / 0.1) * Math.exp(-age_s * 2.6);
  stamp(scene, glowSprite(shell.colours[0]), { x, y, width: unit * 90, alpha: 0.6 * bloom });
  stamp(scene, glintSprite('#ffffff'), { x, y, width: unit * 16 * bloom, alpha: bloom });
  const tail_s = { willow: 0.5, palm: 0.36, peony: 0.2, ring: 0.1, heart: 0.12 }[shell.kind];
  const alpha = (1 - age) ** (shell.kind === 'willow' ? 0.8 : 0.65);
  const at = (spark: Spark, past_s: number): [number, number] => {
    const reach = (spark.inner && shell.kind === 'peony' ? 0.5 : 1) * unit;
    return [x + throwX(spark, past_s) * reach, y + throwY(spark, past_s) * reach];
  };
  const moment = { age_s, age, alpha, tail_s: tail_s * (1 - age * 0.4), at };
  for (const inner of [false, true]) {
    const sparks = shell.sparks.filter((spark) => spark.inner === inner);
    const colour = inner || shell.kind === 'willow' ? shell.colours[1] : shell.colours[0];
    paintTails(scene, sparks, { ...moment, colour, wide: shell.kind === 'palm' });
    paintHeads(scene, sparks, { ...moment, colour, wide: shell.kind === 'palm' });
  }
}

interface Moment {
  age_s: number;
  age: number;
  alpha: number;
  tail_s: number;
  colour: string;
  wide: boolean;
  at: (spark: Spark, past_s: number) => [number, number];
}

/** All tails of one colour are one path: a hundred strokes for the price of one. */
function paintTails(scene: Scene, sparks: readonly Spark[], now: Moment): void {
  const { pen, unit } = scene;
  pen.strokeStyle = now.colour;
  pen.lineCap = 'round';
  pen.lineWidth = unit * (now.wide ? 0.84 : 0.42);
  setAlpha(scene, now.alpha * 0.6);
  pen.beginPath();
  for (const spark of sparks) {
    pen.moveTo(...now.at(spark, Math.max(0, now.age_s - now.tail_s)));
    pen.lineTo(...now.at(spark, Math.max(0, now.age_s - now.tail_s * 0.45)));
    pen.lineTo(...now.at(spark, now.age_s));
  }
  pen.stroke();
}

function paintHeads(scene: Scene, sparks: readonly Spark[], now: Moment): void {
  const picture = sparkSprite(now.colour);
  const scale = scene.unit * (now.wide ? 1.5 : 1) * (1 - now.age * 0.5);
  const late = span(now.age, 0.45, 0.8);
  for (const spark of sparks) {
    const [x, y] = now.at(spark, now.age_s);
    // Late sparks glitter softly, each out of step with its neighbours.
    const glitter = lerp(1, 0.62 + 0.38 * Math.sin(scene.clock_s * 11 + spark.phase), late);
    stamp(scene, picture, { x, y, width: spark.size * scale, alpha: now.alpha * glitter });
  }
}
