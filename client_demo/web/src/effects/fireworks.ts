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
  const count = { peony: 78, willow: 46, ring: 54, palm: 16, heart: 56 }[kind];
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
  const base = { drag: 2.4, gravity: 16, size: between(random, 2.2, 3.2), inner: share % 0.3 < 0.1, phase: between(random, 0, TAU) };
  if (kind === 'ring') return { ...base, speed_x: Math.cos(spin) * 70, speed_y: Math.sin(spin) * 70 * 0.62 - Math.cos(spin) * 18, gravity: 12 };
  if (kind === 'heart') {
    const [x, y] = [16 * Math.sin(spin) ** 3, 13 * Math.cos(spin) - 5 * Math.cos(2 * spin) - 2 * Math.cos(3 * spin) - Math.cos(4 * spin)];
    return { ...base, speed_x: x * 4.4, speed_y: -y * 4.4, drag: 2.6, gravity: 9, inner: false };
  }
  // Even over the sphere, so the ball looks round from the front.
  const height = 1 - 2 * ((share * 7.77) % 1);
  const [across, speed] = [Math.sqrt(1 - height * height), kind === 'willow' ? between(random, 50, 72) : kind === 'palm' ? between(random, 62, 84) : between(random, 66, 92)];
  const angle = share * TAU * 31.4;
  return { ...base, speed_x: Math.cos(angle) * across * speed, speed_y: height * speed - 6, drag: kind === 'willow' ? 1.7 : 2.3, gravity: kind === 'willow' ? 30 : kind === 'palm' ? 24 : 17 };
}

function paintRise(scene: Scene, shell: Shell, now_s: number): void {
  const climbed = span(now_s, shell.bursts_s - RISE_S, shell.bursts_s);
  if (climbed <= 0 || climbed >= 1) return;
  const picture = sparkSprite(tone('gold', 2));
  for (let dot = 0; dot < 16; dot += 1) {
    const past = climbed - dot * 0.022;
    if (past <= 0) break;
    const y = lerp(1.04, shell.y, easeOut(past)) * scene.height;
    const x = shell.x * scene.width + Math.sin(past * 16) * scene.unit * 0.5;
    stamp(scene, picture, { x, y: y + dot * scene.unit * 0.3, width: scene.unit * (3.2 - dot * 0.16), alpha: (1 - dot / 16) * (1 - easeIn(climbed) * 0.5) });
  }
}

function paintBurst(scene: Scene, shell: Shell, age_s: number): void {
  const life_s = LIFE_S[shell.kind];
  const age = age_s / life_s;
  if (age <= 0 || age >= 1) return;
  const [x, y, unit] = [shell.x * scene.width, shell.y * scene.height, scene.unit];
  // The light of the burst stays local and swells over 0.1 s: bright, yet no flash of the stage.
  const bloom = clamp(age_s / 0.1) * Math.exp(-age_s * 2.6);
  stamp(scene, glowSprite(shell.colours[0]), { x, y, width: unit * 74, alpha: 0.42 * bloom });
  stamp(scene, glintSprite('#ffffff'), { x, y, width: unit * 16 * bloom, alpha: bloom });
  const tail_s = shell.kind === 'willow' ? 0.42 : shell.kind === 'palm' ? 0.3 : 0.13;
  const alpha = (1 - age) ** (shell.kind === 'willow' ? 0.8 : 0.65);
  for (const spark of shell.sparks) paintSpark(scene, spark, { x, y, age_s, age, tail_s, alpha, shell });
}

interface Moment {
  x: number;
  y: number;
  age_s: number;
  age: number;
  tail_s: number;
  alpha: number;
  shell: Shell;
}

function paintSpark(scene: Scene, spark: Spark, now: Moment): void {
  const { pen, unit } = scene;
  const reach = (spark.inner && now.shell.kind === 'peony' ? 0.5 : 1) * unit;
  const colour = spark.inner || now.shell.kind === 'willow' ? now.shell.colours[1] : now.shell.colours[0];
  const at = (age_s: number): [number, number] => [now.x + throwX(spark, age_s) * reach, now.y + throwY(spark, age_s) * reach];
  const head = at(now.age_s);
  const tail = at(Math.max(0, now.age_s - now.tail_s * (1 - now.age * 0.4)));
  const middle = at(Math.max(0, now.age_s - now.tail_s * 0.45));
  pen.strokeStyle = colour;
  pen.lineCap = 'round';
  setAlpha(scene, now.alpha * 0.5);
  pen.lineWidth = unit * 0.34 * (now.shell.kind === 'palm' ? 2 : 1);
  pen.beginPath();
  pen.moveTo(...tail);
  pen.quadraticCurveTo(...middle, ...head);
  pen.stroke();
  // Late sparks glitter softly, each out of step with its neighbours.
  const glitter = lerp(1, 0.62 + 0.38 * Math.sin(scene.clock_s * 11 + spark.phase), span(now.age, 0.45, 0.8));
  stamp(scene, sparkSprite(colour), { x: head[0], y: head[1], width: spark.size * unit * (now.shell.kind === 'palm' ? 1.5 : 1) * (1 - now.age * 0.5), alpha: now.alpha * glitter });
}
