import { tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, span } from './shared/ease';
import { fillEllipse, fillShape, linear, traceHeart } from './shared/paths';
import { between, scatter } from './shared/random';
import { dimStage, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, sparkSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

interface Lantern {
  x: number;
  /** 0 far to 1 near. */
  depth: number;
  starts: number;
  phase: number;
  painted: 'plain' | 'heart' | 'waves';
}

const PAPERS = {
  plain: ['#fff6c8', '#ffc95a', '#f5802e', '#a8321c'],
  heart: ['#ffeccb', '#ffb07a', '#f2604a', '#9a1f3a'],
  waves: ['#fffbe0', '#ffd97a', '#f29a3a', '#a8521c'],
} as const;

/** Sky lanterns rise out of the dusk, the near ones faster than the far. */
export const lanterns = stageEffect({ id: 'lanterns', duration_ms: 4000, fade_in: 0.1, fade_out: 0.18, paint });

function paint(scene: Scene): void {
  dimStage(scene, 0.28 * easeOut(span(scene.t, 0, 0.2)));
  paintDusk(scene);
  const all = scatter('lanterns', scene.seed, 38, (random, index): Lantern => {
    const depth = (index / 37) ** 1.7;
    const lead = index === 37;
    return {
      x: lead ? 0.5 : ((index * 0.618 + between(random, 0, 0.12)) % 1) * 1.06 - 0.03,
      depth,
      starts: lead ? 0.02 : between(random, -0.34, 0.3) - (1 - depth) * 0.12,
      phase: between(random, 0, TAU),
      painted: lead || index % 9 === 4 ? 'heart' : index % 3 === 0 ? 'waves' : 'plain',
    };
  });
  for (const lantern of all) paintLantern(scene, lantern);
  paintEmbers(scene);
}

/** A warm haze along the ground, as if the crowd below still held their lights. */
function paintDusk(scene: Scene): void {
  const { width, height } = scene;
  paintLight(scene, () => {
    for (const [x, size] of [[0.18, 0.8], [0.55, 1], [0.88, 0.7]] as const) {
      stamp(scene, glowSprite('#ff8a3c'), { x: x * width, y: height * 1.03, width: width * 0.7 * size, height: height * 0.34, alpha: 0.32 });
    }
  });
}

function paintLantern(scene: Scene, lantern: Lantern): void {
  const { unit, width, height, clock_s, t } = scene;
  const risen = (t - lantern.starts) / lerp(1.5, 0.98, lantern.depth);
  const y = lerp(height * 1.14, -height * 0.22, risen);
  const size = unit * lerp(3.2, 19, lantern.depth);
  if (y < -size || y > height + size || t < lantern.starts) return;
  const sway = Math.sin(clock_s * lerp(0.7, 1.2, lantern.depth) + lantern.phase);
  const x = lantern.x * width + sway * unit * lerp(0.8, 3, lantern.depth) + (t - 0.5) * unit * 5 * lantern.depth;
  const flicker = 0.9 + 0.1 * Math.sin(clock_s * 5 + lantern.phase * 3);
  stamp(scene, glowSprite('#ff8a3c'), { x, y: y + size * 0.1, width: size * 1.9, alpha: 0.5 * lerp(0.6, 1, lantern.depth) });
  stamp(scene, lanternSprite(lantern.painted), { x, y, width: size * 0.96, turn: lantern.depth < 0.1 ? 0 : sway * 0.07, alpha: lerp(0.6, 1, lantern.depth) });
  if (lantern.depth > 0.3) {
    paintLight(scene, () => stamp(scene, glowSprite('#ffd98a'), { x: x - sway * size * 0.02, y: y + size * 0.3, width: size * 0.9, alpha: 0.5 * flicker }));
  }
}

function lanternSprite(painted: Lantern['painted']): Sprite {
  return sprite(`lantern-${painted}`, { width: 208, height: 276 }, (pen) => {
    pen.scale(2, 2);
    const tones = PAPERS[painted];
    const paper = pen.createRadialGradient(0, 44, 6, 0, 6, 92);
    tones.forEach((colour, index) => paper.addColorStop([0, 0.34, 0.7, 1][index] ?? 1, colour));
    fillShape(pen, 'M-35-58Q0-76 35-58C52-28 47 26 30 58Q0 68-30 58C-47 26-52-28-35-58z', paper);
    paintRibs(pen);
    if (painted === 'heart') paintHeart(pen);
    if (painted === 'waves') fillShape(pen, 'M-43-8q11-9 21 0t22 0 21 0 22 0l-1 7q-10 8-21 0t-21 0-22 0-21 0zM-41 12q10-8 20 0t21 0 20 0 21 0l-1 5q-10 7-20 0t-20 0-21 0-20 0z', 'rgba(200,70,30,.4)');
    pen.fillStyle = '#6a2210';
    fillEllipse(pen, 0, 58, [30, 7]);
    pen.fillStyle = '#fff0b8';
    fillEllipse(pen, 0, 59, [25, 4.8]);
    fillShape(pen, 'M0 34c9 10 10 20 0 25-10-5-9-15 0-25z', '#fffdf0');
  });
}

function paintRibs(pen: Pen): void {
  fillShape(pen, 'M-11-67Q0-69 11-67C19-20 18 30 10 63Q0 65-10 63C-18 30-19-20-11-67z', 'rgba(255,240,190,.26)');
  fillShape(pen, 'M35-58C52-28 47 26 30 58l-9 3C36 22 38-26 23-64z', 'rgba(130,30,16,.3)');
  fillShape(pen, 'M-33-50C-45-22-42 14-34 38-38 10-37-20-26-54z', 'rgba(255,255,255,.42)');
}

function paintHeart(pen: Pen): void {
  pen.save();
  pen.translate(0, -6);
  traceHeart(pen, 21);
  pen.fillStyle = linear(pen, [-16, -18, 14, 20], tone('rose', 2), tone('rose', 3));
  pen.globalAlpha = 0.85;
  pen.fill();
  pen.restore();
}

function paintEmbers(scene: Scene): void {
  const embers = scatter('lantern-embers', scene.seed, 40, (random) => ({
    x: random(),
    from: between(random, 0.3, 1.1),
    starts: between(random, 0, 0.7),
    size: between(random, 0.9, 2),
    phase: between(random, 0, TAU),
  }));
  paintLight(scene, () => {
    for (const ember of embers) {
      const age = span(scene.t, ember.starts, ember.starts + 0.4);
      if (age <= 0 || age >= 1) continue;
      const x = ember.x * scene.width + Math.sin(scene.clock_s * 1.8 + ember.phase) * scene.unit * 2;
      const y = (ember.from - 0.32 * easeInOut(age)) * scene.height;
      stamp(scene, sparkSprite(tone('gold', 3)), { x, y, width: ember.size * scene.unit, alpha: clamp(Math.sin(Math.PI * age)) * 0.9 });
    }
  });
  setAlpha(scene, 1);
}
