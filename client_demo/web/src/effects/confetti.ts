import { palette, tone } from './shared/colour';
import { TAU, clamp, easeOut, span } from './shared/ease';
import { throwX, throwY } from './shared/motion';
import { fillEllipse, fillShape, linear, traceStar } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { paintAt, setAlpha, stageEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { puffSprite, stamp } from './shared/sprites';

const DURATION_S = 3.8;
const SHOTS = [0.05, 0.3] as const; // of the duration: almost a second apart
const HUES = ['rose', 'gold', 'sky', 'mint', 'violet', 'coral'] as const;

/** Cannons in both corners fire paper that flutters down, turning its bright and its shaded side. */
export const confetti = stageEffect({ id: 'confetti', duration_ms: DURATION_S * 1000, fade_in: 0.04, fade_out: 0.2, paint });

interface Paper {
  shot: number;
  side: 1 | -1;
  speed_x: number;
  speed_y: number;
  drag: number;
  gravity: number;
  size: number;
  shape: 'sheet' | 'dot' | 'star' | 'ribbon';
  front: string;
  back: string;
  spin: number;
  flip: number;
  phase: number;
}

function paint(scene: Scene): void {
  const papers = scatter('confetti', scene.seed, 230, (random, index): Paper => {
    const hue = pick(HUES, random() * HUES.length);
    const drag = between(random, 1.5, 2.1);
    return {
      shot: index % 5 < 3 ? 0 : 1,
      side: index % 2 === 0 ? 1 : -1,
      speed_x: between(random, 0.04, 0.86) * drag, // shares of the stage's width and height
      speed_y: -between(random, 0.45, 1.3) * drag,
      drag,
      gravity: between(random, 0.36, 0.62),
      size: between(random, 1.7, 3.3),
      shape: index % 23 === 0 ? 'ribbon' : index % 7 === 0 ? 'dot' : index % 11 === 0 ? 'star' : 'sheet',
      front: palette[hue][2],
      back: palette[hue][3],
      spin: between(random, -3, 3),
      flip: between(random, 6, 12),
      phase: between(random, 0, TAU),
    };
  });
  for (const paper of papers) paintPaper(scene, paper);
  for (const side of [1, -1] as const) paintCannon(scene, side);
}

function paintPaper(scene: Scene, paper: Paper): void {
  const age_s = (scene.t - (SHOTS[paper.shot] ?? 0)) * DURATION_S;
  if (age_s <= 0) return;
  const settled = clamp(age_s / 1.2);
  const sway = Math.sin(age_s * 2.6 + paper.phase) * scene.unit * 3.2 * settled;
  const start = paper.side === 1 ? 0.05 : 0.95;
  const x = (start + paper.side * throwX(paper, age_s)) * scene.width + sway;
  const y = scene.height * (0.94 + throwY(paper, age_s));
  if (y > scene.height * 1.04) return;
  const flip = Math.cos(age_s * paper.flip + paper.phase);
  const { pen } = scene;
  setAlpha(scene, clamp(age_s * 14));
  pen.fillStyle = flip > 0 ? paper.front : paper.back;
  const size = paper.size * scene.unit;
  if (paper.shape === 'ribbon') {
    paintRibbon(scene, paper, { x, y, age_s });
    return;
  }
  pen.save();
  pen.translate(x, y);
  pen.rotate(paper.phase + paper.spin * age_s + sway * 0.01);
  pen.scale(1, 0.18 + 0.82 * Math.abs(flip));
  if (paper.shape === 'sheet') pen.fillRect(-size * 0.5, -size * 0.36, size, size * 0.72);
  else if (paper.shape === 'dot') fillEllipse(pen, 0, 0, [size * 0.4, size * 0.4]);
  else {
    traceStar(pen, size * 0.6);
    pen.fill();
  }
  pen.restore();
}

function paintRibbon(scene: Scene, paper: Paper, at: { x: number; y: number; age_s: number }): void {
  const { pen, unit } = scene;
  pen.strokeStyle = paper.front;
  pen.lineWidth = unit * 0.85;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  pen.beginPath();
  const length = unit * 13 * easeOut(clamp(at.age_s));
  for (let step = 0; step <= 14; step += 1) {
    const along = step / 14;
    const curl = Math.sin(along * 11 - at.age_s * 8 + paper.phase) * unit * 1.5;
    pen.lineTo(at.x + curl, at.y - along * length);
  }
  pen.stroke();
}

function paintCannon(scene: Scene, side: 1 | -1): void {
  const { unit, width, height, t } = scene;
  const recoil = Math.max(...SHOTS.map((shot) => (t < shot ? 0 : Math.exp(-(t - shot) * 16)))) * unit * 5;
  const shown = easeOut(span(t, 0, 0.05)) * (1 - span(t, 0.66, 0.8));
  const x = side === 1 ? unit * 1 : width - unit * 1;
  SHOTS.forEach((shot, index) => paintSmoke(scene, side, { shot, index }));
  setAlpha(scene, 1);
  const back = recoil + (1 - shown) * unit * 30;
  const place = { x: x - side * back * 0.55, y: height + unit * 3 + back * 0.8, turn: side * 0.56, scale_x: side, scale: unit / 4.2 };
  paintAt(scene, place, paintTube);
}

function paintTube(pen: Pen): void {
  fillShape(pen, 'M-26-92L26-92 14 10-14 10z', linear(pen, [-24, -60, 26, -40], tone('gold', 1), tone('gold', 2), tone('gold', 3), tone('gold', 4)));
  fillShape(pen, 'M-24.500-78L24.400-66 22.600-50-22.600-64zM-21-46L20.600-34 18.600-18-19-31z', linear(pen, [-24, -60, 26, -40], tone('violet', 2), tone('violet', 3), tone('violet', 4)));
  fillShape(pen, 'M-20-88L-14-88-9 6-11 6z', 'rgba(255,255,255,.5)');
  pen.fillStyle = linear(pen, [-28, -96, 28, -88], tone('rose', 1), tone('rose', 2), tone('rose', 3));
  fillEllipse(pen, 0, -92, [28, 8]);
  pen.fillStyle = '#4a0f33';
  fillEllipse(pen, 0, -92.5, [22, 5.4]);
}

function paintSmoke(scene: Scene, side: 1 | -1, { shot, index }: { shot: number; index: number }): void {
  const age = span(scene.t, shot, shot + 0.2);
  if (age <= 0 || age >= 1) return;
  const { unit, width, height } = scene;
  const origin = { x: side === 1 ? unit * 12 : width - unit * 12, y: height - unit * 15 };
  for (let puff = 0; puff < 5; puff += 1) {
    const reach = easeOut(age) * unit * (5 + puff * 3.4);
    const bend = Math.sin(puff * 2.1 + index) * unit * 3;
    stamp(scene, puffSprite('#ffffff', '#cfc6f0'), {
      x: origin.x + side * reach * 0.62 + bend,
      y: origin.y - reach + bend,
      width: unit * (7 + 9 * age),
      alpha: 0.5 * (1 - age),
    });
  }
}
