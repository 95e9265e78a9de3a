import type { Effect, EffectContext } from '../types';
import { clamp, easeInOut, span } from './ease';

export type Pen = CanvasRenderingContext2D;

/** One frame of an effect, in the terms its choreography is written in. */
export interface Scene {
  readonly pen: Pen;
  readonly width: number;
  readonly height: number;
  /** 1 % of the shorter side, so that a scene keeps its proportions from phone to desk. */
  readonly unit: number;
  readonly seed: number;
  /** 0..1; everything that tells the story follows it. */
  readonly t: number;
  /** Real seconds. Sway and flicker follow these, so a host that hurries an effect along never makes it flash. */
  readonly clock_s: number;
}

interface Plan {
  id: string;
  duration_ms: number;
  /** Shares of the duration spent fading in and out. */
  fade_in?: number;
  fade_out?: number;
  paint: (scene: Scene) => void;
}

// Below 1 in 255 a screen shows nothing.
const FADE_MIN = 1 / 255;

// The tray's art is drawn in these units around (0, 0) and scaled to whatever box the row has.
export const TRAY_WIDTH = 360;
export const TRAY_HEIGHT = 240;

export function trayEffect(plan: Plan): Effect {
  return createEffect('tray', plan, (pen, ctx) => {
    const scale = Math.min(ctx.width / TRAY_WIDTH, ctx.height / TRAY_HEIGHT);
    pen.translate(ctx.width / 2, ctx.height / 2);
    pen.scale(scale, scale);
    return { width: TRAY_WIDTH, height: TRAY_HEIGHT };
  });
}

export function stageEffect(plan: Plan): Effect {
  return createEffect('stage', plan, (_pen, ctx) => ({ width: ctx.width, height: ctx.height }));
}

type Setting = (pen: Pen, ctx: EffectContext) => { width: number; height: number };

function createEffect(lane: Effect['lane'], plan: Plan, setUp: Setting): Effect {
  const { id, duration_ms, fade_in = 0.08, fade_out = 0.14, paint } = plan;
  const draw = (pen: Pen, ctx: EffectContext): void => {
    const t = clamp(ctx.progress);
    const fade = easeInOut(span(t, 0, fade_in)) * (1 - easeInOut(span(t, 1 - fade_out, 1)));
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, ctx.width, ctx.height);
    pen.clip();
    // A call paints the whole picture, so a host need not wipe the last one away.
    pen.clearRect(0, 0, ctx.width, ctx.height);
    if (fade > FADE_MIN) {
      paintFaded(pen, ctx, fade, () => {
        const { width, height } = setUp(pen, ctx);
        const unit = Math.min(width, height) / 100;
        paint({ pen, width, height, unit, seed: ctx.seed, t, clock_s: ctx.elapsed_ms / 1000 });
      });
    }
    pen.restore();
  };
  return { id, lane, duration_ms, draw };
}

/** Fade the finished picture as one: fading its parts would let the back of a thing show through its front. */
function paintFaded(pen: Pen, ctx: EffectContext, fade: number, paint: () => void): void {
  pen.save();
  paint();
  pen.restore();
  if (fade === 1) return;
  // Taking the rest away is a tenth of the cost of keeping the share ('destination-in').
  pen.globalCompositeOperation = 'destination-out';
  pen.globalAlpha = 1 - fade;
  pen.fillStyle = '#000000';
  pen.fillRect(0, 0, ctx.width, ctx.height);
}

/** Set the opacity of what is drawn next. */
export function setAlpha(scene: Scene, alpha: number): void {
  scene.pen.globalAlpha = clamp(alpha);
}

export interface Place {
  x: number;
  y: number;
  turn?: number;
  scale?: number;
  scale_x?: number;
  scale_y?: number;
}

/** Paint with the pen moved, turned and scaled to a place, and put it back afterwards. */
export function paintAt(scene: Scene, place: Place, paint: (pen: Pen) => void): void {
  const { x, y, turn = 0, scale = 1, scale_x = 1, scale_y = 1 } = place;
  const { pen } = scene;
  pen.save();
  pen.translate(x, y);
  if (turn !== 0) pen.rotate(turn);
  pen.scale(scale * scale_x, scale * scale_y);
  paint(pen);
  pen.restore();
}

/** Paint light: colours add up instead of covering each other. */
export function paintLight(scene: Scene, paint: () => void): void {
  const { pen } = scene;
  pen.save();
  pen.globalCompositeOperation = 'lighter';
  paint();
  pen.restore();
}

/** Rest the video behind the scene a little; never past the 35 % that keeps the stream watchable. */
export function dimStage(scene: Scene, alpha: number): void {
  setAlpha(scene, Math.min(0.35, alpha));
  scene.pen.fillStyle = '#070718';
  scene.pen.fillRect(0, 0, scene.width, scene.height);
}
