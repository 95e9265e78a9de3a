// Stands in for the video that Giftwave does not carry: a night sea under a moon, and somebody at a piano.

import { random } from './random';

const FRAME_MS = 1000 / 30;
// The scene is soft; drawn at this width and stretched it looks the same and costs a quarter.
const WIDTH_MAX = 1_120;
const HORIZON = 0.64;

interface Star {
  x: number;
  y: number;
  size: number;
  phase: number;
}

export class Backdrop {
  readonly #canvas: HTMLCanvasElement;
  readonly #stars: Star[];
  #frame = 0;
  #drawnAtMs = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const next = random(20_260);
    this.#stars = Array.from({ length: 110 }, () => ({ x: next(), y: next() * HORIZON * 0.9, size: 0.4 + next() * 1.1, phase: next() * Math.PI * 2 }));
  }

  start(): void {
    const step = (nowMs: number): void => {
      this.#frame = requestAnimationFrame(step);
      if (nowMs - this.#drawnAtMs < FRAME_MS - 2) return;
      this.#drawnAtMs = nowMs;
      this.draw(nowMs / 1000);
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  /** One picture of the scene at `t` seconds. */
  draw(t: number): void {
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (!context || this.#canvas.clientWidth === 0) return;
    const width = Math.min(WIDTH_MAX, this.#canvas.clientWidth);
    const height = Math.round((width * this.#canvas.clientHeight) / this.#canvas.clientWidth);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const scene = { context, width, height, t, moon: { x: width * 0.7, y: height * 0.3, r: Math.min(width, height) * 0.105 } };
    drawSky(scene);
    drawStars(scene, this.#stars);
    drawMoon(scene);
    drawSea(scene);
    drawPianist(scene);
    drawVignette(scene);
  }
}

interface Scene {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  t: number;
  moon: { x: number; y: number; r: number };
}

function drawSky({ context, width, height, t }: Scene): void {
  const sky = context.createLinearGradient(0, 0, 0, height * HORIZON);
  sky.addColorStop(0, '#0a0f2c');
  sky.addColorStop(0.45, '#1f1d4d');
  sky.addColorStop(0.8, '#5b2f66');
  sky.addColorStop(1, '#b65a6a');
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height * HORIZON + 1);
  for (let band = 0; band < 3; band += 1) {
    const x = width * (0.2 + band * 0.3 + 0.06 * Math.sin(t * 0.05 + band * 2));
    const y = height * (0.42 + band * 0.06);
    glow(context, x, y, width * 0.42, `rgb(${210 - band * 50} ${90 + band * 15} ${130 + band * 30} / 13%)`);
  }
}

function drawStars({ context, width, height, t }: Scene, stars: readonly Star[]): void {
  context.fillStyle = '#fff';
  for (const star of stars) {
    context.globalAlpha = (0.25 + 0.35 * Math.sin(t * 0.8 + star.phase) ** 2) * (1 - star.y / HORIZON);
    context.fillRect(star.x * width, star.y * height, star.size, star.size);
  }
  context.globalAlpha = 1;
}

function drawMoon({ context, moon }: Scene): void {
  glow(context, moon.x, moon.y, moon.r * 5, 'rgb(255 214 170 / 26%)');
  const face = context.createRadialGradient(moon.x - moon.r * 0.3, moon.y - moon.r * 0.3, moon.r * 0.1, moon.x, moon.y, moon.r);
  face.addColorStop(0, '#fff6e4');
  face.addColorStop(1, '#ffd3a0');
  context.fillStyle = face;
  context.beginPath();
  context.arc(moon.x, moon.y, moon.r, 0, Math.PI * 2);
  context.fill();
}

function drawSea(scene: Scene): void {
  const { context, width, height } = scene;
  const top = height * HORIZON;
  const sea = context.createLinearGradient(0, top, 0, height);
  sea.addColorStop(0, '#6d3a62');
  sea.addColorStop(0.18, '#35265a');
  sea.addColorStop(1, '#090d22');
  context.fillStyle = sea;
  context.fillRect(0, top, width, height - top);
  drawReflection(scene, top);
  const waves = ['rgb(120 80 150 / 20%)', 'rgb(56 48 110 / 38%)', 'rgb(22 24 66 / 62%)'];
  waves.forEach((colour, index) => drawWave(scene, top + (height - top) * (0.22 + index * 0.24), index, colour));
}

function drawReflection({ context, height, t, moon }: Scene, top: number): void {
  context.fillStyle = '#ffdcae';
  for (let line = 0; line < 26; line += 1) {
    const depth = line / 26;
    const y = top + 2 + (height - top) * depth ** 1.4;
    const wobble = Math.sin(t * 0.9 + line * 1.7);
    const halfWidth = moon.r * (0.28 + depth * 0.95) * (0.55 + 0.45 * wobble ** 2);
    context.globalAlpha = 0.3 * (1 - depth) * (0.55 + 0.45 * Math.sin(t * 1.3 + line * 2.3));
    context.fillRect(moon.x - halfWidth + wobble * moon.r * 0.16, y, halfWidth * 2, 1 + depth * 2.4);
  }
  context.globalAlpha = 1;
}

function drawWave({ context, width, height, t }: Scene, baseY: number, index: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(0, height);
  for (let x = 0; x <= width + 16; x += 16) {
    const swell = Math.sin(x * 0.006 * (1 + index * 0.2) + t * (0.35 + index * 0.12)) + 0.5 * Math.sin(x * 0.013 - t * 0.5 + index);
    context.lineTo(x, baseY + swell * height * 0.011 * (1 + index * 0.5));
  }
  context.lineTo(width, height);
  context.fill();
}

/** A grand piano and its player in outline, on a pier in front of the sea. Units are a hundredth of the figure's height. */
function drawPianist({ context, width, height, t }: Scene): void {
  const unit = Math.min(height * 0.0052, width * 0.0062);
  context.save();
  // Wide screens keep the lower left free for the tray.
  context.translate(width * (width > height * 1.2 ? 0.58 : 0.52), height * 0.93);
  context.scale(unit, unit);
  context.fillStyle = '#070a1c';
  context.strokeStyle = '#070a1c';
  drawPier(context, width / unit, (height * 0.07) / unit);
  drawPiano(context);
  drawPlayer(context, t);
  context.restore();
}

function drawPier(context: CanvasRenderingContext2D, width: number, depth: number): void {
  context.fillRect(-width, 0, width * 2, depth + 2);
  context.fillStyle = 'rgb(255 190 150 / 16%)';
  context.fillRect(-width, 0, width * 2, 0.5);
  context.fillStyle = '#070a1c';
}

function drawPiano(context: CanvasRenderingContext2D): void {
  context.fill(new Path2D('M-20 -27 L48 -27 C52 -27 54 -25 54 -22 L54 -17 L-20 -17 Z'));
  context.fill(new Path2D('M-24 -24 H-12 V-17 H-24 Z'));
  const lid = new Path2D('M2 -27 L11 -57 C12 -61 16 -62 20 -61 C31 -58 32 -46 40 -42 C47 -39 53 -40 57 -35 L52 -27 Z');
  context.fill(lid);
  context.lineWidth = 0.7;
  context.strokeStyle = 'rgb(255 205 160 / 42%)';
  context.stroke(new Path2D('M11 -57 C12 -61 16 -62 20 -61 C31 -58 32 -46 40 -42 C47 -39 53 -40 57 -35'));
  context.strokeStyle = '#070a1c';
  context.fill(new Path2D('M-16 -17 H-11 L-12.5 0 H-14.5 Z M44 -17 H50 L48 0 H46 Z M16 -17 H20 L19 0 H17 Z'));
  context.fill(new Path2D('M-17 -27 L-9 -40 L-6 -39 L-12 -27 Z'));
}

function drawPlayer(context: CanvasRenderingContext2D, t: number): void {
  context.fill(new Path2D('M-56 -14 H-36 V-11 H-56 Z M-54 -11 H-52 L-53 0 H-54.5 Z M-40 -11 H-38 L-37.5 0 H-39 Z'));
  context.fill(new Path2D('M-50 -15 C-44 -20 -34 -19 -28 -16 L-25 -2 L-19 -2 L-19 0 L-29 0 L-33 -11 L-50 -11 Z'));
  context.save();
  context.translate(-46, -15);
  context.rotate(0.035 * Math.sin(t * 1.1));
  context.fill(new Path2D('M-5 1 C-9 -12 -6 -26 2 -28 C8 -29 11 -24 10 -17 C9 -9 8 -3 7 1 Z'));
  context.fill(new Path2D('M1 -28 C-3 -32 -2 -40 4 -41 C9 -42 12 -38 11 -33 C11 -30 9 -27 6 -27 Z'));
  context.fill(new Path2D('M4 -41 C-4 -43 -7 -36 -5 -31 C-4 -28 -6 -27 -7 -25 C-2 -26 1 -28 1 -32 Z'));
  context.lineWidth = 4.4;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const hand of [0, 1]) {
    const lift = 1.4 * Math.abs(Math.sin(t * 2.6 + hand * 1.9));
    context.stroke(new Path2D(`M4 -23 L10 ${-14 + hand} L${24 + hand * 3} ${-10.5 - lift}`));
  }
  context.restore();
}

function drawVignette({ context, width, height }: Scene): void {
  const shade = context.createLinearGradient(0, 0, 0, height);
  shade.addColorStop(0, 'rgb(5 7 18 / 55%)');
  shade.addColorStop(0.24, 'rgb(5 7 18 / 0%)');
  shade.addColorStop(0.7, 'rgb(5 7 18 / 0%)');
  shade.addColorStop(1, 'rgb(5 7 18 / 60%)');
  context.fillStyle = shade;
  context.fillRect(0, 0, width, height);
}

function glow(context: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
  const light = context.createRadialGradient(x, y, 0, x, y, radius);
  light.addColorStop(0, colour);
  light.addColorStop(1, 'transparent');
  context.fillStyle = light;
  context.fillRect(x - radius, y - radius, radius * 2, radius * 2);
}
