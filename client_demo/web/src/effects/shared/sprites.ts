import { fadeHex } from './colour';
import { memo } from './memo';
import { setAlpha } from './scene';
import type { Pen, Scene } from './scene';

/** A picture drawn once, then stamped hundreds of times a frame. */
export interface Sprite {
  readonly image: CanvasImageSource;
  readonly width: number;
  readonly height: number;
  /** Nothing but gradients: it may be stretched without smoothing, which software rendering does 2.4 times faster. */
  readonly soft: boolean;
  /** The share of the asked-for size that is really drawn. */
  readonly trim: number;
}

/** The sprite painted for `name`, its origin in the middle of `width` by `height`. */
export function sprite(name: string, size: { width: number; height: number; soft?: boolean; trim?: number }, paint: (pen: Pen) => void): Sprite {
  return memo(`sprite:${name}`, () => {
    const { width, height, soft = false, trim = 1 } = size;
    const image = new OffscreenCanvas(width, height);
    // The two context types share every call used for painting, but not one TypeScript name.
    const pen = image.getContext('2d') as unknown as Pen;
    pen.translate(width / 2, height / 2);
    paint(pen);
    return { image, width, height, soft, trim };
  });
}

// Below this a stamp is too small for smoothing to cost anything.
const SOFT_WIDTH_MIN = 64;

export interface Stamp {
  x: number;
  y: number;
  /** Drawn width; the height keeps the sprite's proportions unless given. */
  width: number;
  height?: number;
  turn?: number;
  alpha?: number;
}

/** Draw a sprite around a point. Stamps without a turn skip the matrix, which is most of their cost. */
export function stamp(scene: Scene, picture: Sprite, place: Stamp): void {
  const { pen } = scene;
  const { x, y, turn = 0, alpha = 1 } = place;
  if (alpha <= 0.004 || place.width === 0) return;
  const width = place.width * picture.trim;
  const height = (place.height ?? (place.width * picture.height) / picture.width) * picture.trim;
  setAlpha(scene, alpha);
  if (turn === 0) {
    const coarse = picture.soft && width > SOFT_WIDTH_MIN;
    if (coarse) pen.imageSmoothingEnabled = false;
    pen.drawImage(picture.image, x - width / 2, y - height / 2, width, height);
    if (coarse) pen.imageSmoothingEnabled = true;
    return;
  }
  pen.save();
  pen.translate(x, y);
  pen.rotate(turn);
  pen.drawImage(picture.image, -width / 2, -height / 2, width, height);
  pen.restore();
}

/**
 * A soft round light. The outer fifth of its fall-off would be fainter than 4 %, yet more than a third
 * of the pixels, and big lights are what a frame without a GPU spends its time on: so it is left out.
 */
export function glowSprite(colour: string): Sprite {
  return sprite(`glow${colour}`, { width: 256, height: 256, soft: true, trim: 0.8 }, (pen) => {
    fillRadial(pen, 128, [[0, 1], [0.2, 0.72], [0.5, 0.24], [0.85, 0.05], [1, 0]].map(([at, alpha]) => [at ?? 0, fadeHex(colour, alpha ?? 0)]));
  });
}

/** A small bright point with a white heart and a coloured halo: stars, sparks, embers. */
export function sparkSprite(colour: string): Sprite {
  return sprite(`spark${colour}`, { width: 32, height: 32 }, (pen) => {
    fillRadial(pen, 16, [[0, '#ffffff'], [0.18, '#ffffff'], [0.32, fadeHex(colour, 0.95)], [0.5, fadeHex(colour, 0.35)], [1, fadeHex(colour, 0)]]);
  });
}

/** A four-pointed glint. */
export function glintSprite(colour: string): Sprite {
  return sprite(`glint${colour}`, { width: 64, height: 64 }, (pen) => {
    pen.fillStyle = colour;
    pen.beginPath();
    for (let arm = 0; arm < 4; arm += 1) {
      const angle = (arm * Math.PI) / 2;
      const [x, y] = [Math.cos(angle) * 31, Math.sin(angle) * 31];
      const [nextX, nextY] = [Math.cos(angle + Math.PI / 2) * 31, Math.sin(angle + Math.PI / 2) * 31];
      if (arm === 0) pen.moveTo(x, y);
      pen.bezierCurveTo(x * 0.1, y * 0.1, nextX * 0.1, nextY * 0.1, nextX, nextY);
    }
    pen.fill();
    fillRadial(pen, 14, [[0, '#ffffff'], [0.4, fadeHex(colour, 0.6)], [1, fadeHex(colour, 0)]]);
  });
}

/** A puff of smoke or cloud, lit from the top left. */
export function puffSprite(light: string, shade: string): Sprite {
  return sprite(`puff${light}${shade}`, { width: 192, height: 192, soft: true }, (pen) => {
    pen.scale(2, 2);
    fillRadial(pen, 48, [[0, fadeHex(shade, 0.9)], [0.5, fadeHex(shade, 0.6)], [1, fadeHex(shade, 0)]]);
    pen.translate(-9, -10);
    fillRadial(pen, 34, [[0, fadeHex(light, 0.95)], [0.5, fadeHex(light, 0.5)], [1, fadeHex(light, 0)]]);
  });
}

type Stops = readonly (readonly [number, string])[];

function fillRadial(pen: Pen, radius: number, stops: Stops): void {
  const gradient = pen.createRadialGradient(0, 0, 0, 0, 0, radius);
  for (const [at, colour] of stops) gradient.addColorStop(at, colour);
  pen.fillStyle = gradient;
  pen.fillRect(-radius, -radius, radius * 2, radius * 2);
}
