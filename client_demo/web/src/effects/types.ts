/** What a frame is drawn from. Equal contexts draw equal frames, so a replay looks like the night it was recorded. */
export interface EffectContext {
  width: number;
  height: number;
  seed: number;
  /** 0..1 */
  progress: number;
  elapsed_ms: number;
  still: CanvasImageSource | null;
}

export interface Effect {
  id: string;
  lane: 'tray' | 'stage';
  duration_ms: number;
  draw(canvas: CanvasRenderingContext2D, ctx: EffectContext): void;
}
