export interface EffectContext { width: number; height: number; seed: number; progress: number; elapsed_ms: number; still: CanvasImageSource | null }
export interface Effect { id: string; lane: 'tray' | 'stage'; duration_ms: number; draw(canvas: CanvasRenderingContext2D, ctx: EffectContext): void }
const stage = (id: string): [string, Effect] => [id, { id, lane: 'stage', duration_ms: 4000, draw: (c, x) => { c.clearRect(0, 0, x.width, x.height); c.globalAlpha = 1 - x.progress; c.fillStyle = '#ffc857'; c.beginPath(); c.arc(x.width / 2, x.height / 2, 200 * x.progress, 0, 7); c.fill(); c.globalAlpha = 1; } }];
export const effects: ReadonlyMap<string, Effect> = new Map([stage('confetti'), stage('galaxy'), stage('whale')]);
