import type { Effect } from '../effects';

// Past 2 device pixels a point nobody sees the difference, but the GPU pays it squared.
const DEVICE_PIXEL_RATIO_MAX = 2;

export interface Playback {
  effect: Effect;
  seed: number;
  still: HTMLImageElement | null;
}

/** Draws one effect at a time on one canvas; asks for frames only while something plays. */
export class CanvasPlayer {
  readonly #canvas: HTMLCanvasElement;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  play(playback: Playback, onDone: () => void): void {
    this.stop();
    const context = this.#canvas.getContext('2d');
    if (!context) {
      onDone();
      return;
    }
    let startedAtMs: number | null = null;
    const step = (nowMs: number): void => {
      startedAtMs ??= nowMs;
      const elapsedMs = nowMs - startedAtMs;
      if (elapsedMs >= playback.effect.duration_ms) {
        this.stop();
        onDone();
        return;
      }
      this.#draw(context, playback, elapsedMs);
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const context = this.#canvas.getContext('2d');
    context?.setTransform(1, 0, 0, 1, 0, 0);
    context?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  #draw(context: CanvasRenderingContext2D, { effect, seed, still }: Playback, elapsedMs: number): void {
    const { width, height } = this.#fit(context);
    effect.draw(context, { width, height, seed, still, elapsed_ms: elapsedMs, progress: elapsedMs / effect.duration_ms });
  }

  /** Give the canvas the pixels of its place on screen; the effect draws in CSS pixels. */
  #fit(context: CanvasRenderingContext2D): { width: number; height: number } {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = Math.min(devicePixelRatio, DEVICE_PIXEL_RATIO_MAX);
    const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== pixelWidth || this.#canvas.height !== pixelHeight) {
      this.#canvas.width = pixelWidth;
      this.#canvas.height = pixelHeight;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { width, height };
  }
}
