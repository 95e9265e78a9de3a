import { TAU } from './ease';
import { memo } from './memo';
import type { Pen } from './scene';

/** Paths around (0, 0), about 1 unit in radius unless said; fill or clip them afterwards. */
export function traceHeart(pen: Pen, size: number): void {
  pen.beginPath();
  pen.moveTo(0, size * 0.9);
  pen.bezierCurveTo(-size * 1.5, size * 0.05, -size * 0.95, -size * 1.05, 0, -size * 0.42);
  pen.bezierCurveTo(size * 0.95, -size * 1.05, size * 1.5, size * 0.05, 0, size * 0.9);
}

export function traceStar(pen: Pen, radius: number, points = 5, waist = 0.5): void {
  pen.beginPath();
  for (let corner = 0; corner < points * 2; corner += 1) {
    const reach = corner % 2 === 0 ? radius : radius * waist;
    const angle = (corner * Math.PI) / points - Math.PI / 2;
    pen.lineTo(Math.cos(angle) * reach, Math.sin(angle) * reach);
  }
  pen.closePath();
}

/** A petal from (0, 0) to (0, -length). */
export function tracePetal(pen: Pen, length: number, width: number): void {
  pen.beginPath();
  pen.moveTo(0, 0);
  pen.bezierCurveTo(-width * 0.7, -length * 0.25, -width * 0.75, -length * 0.95, 0, -length);
  pen.bezierCurveTo(width * 0.75, -length * 0.95, width * 0.7, -length * 0.25, 0, 0);
}

export function fillCircle(pen: Pen, x: number, y: number, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, Math.max(0, radius), 0, TAU);
  pen.fill();
}

export function fillEllipse(pen: Pen, x: number, y: number, radii: readonly [number, number], turn = 0): void {
  pen.beginPath();
  pen.ellipse(x, y, Math.max(0, radii[0]), Math.max(0, radii[1]), turn, 0, TAU);
  pen.fill();
}

export function fillRound(pen: Pen, box: readonly [x: number, y: number, width: number, height: number], radius: number): void {
  pen.beginPath();
  pen.roundRect(...box, radius);
  pen.fill();
}

/** Fill a shape written as SVG path data; the icons and the scenes share their drawing this way. */
export function fillShape(pen: Pen, data: string, colour: string | CanvasGradient): void {
  pen.fillStyle = colour;
  pen.fill(memo(data, () => new Path2D(data)));
}

export function fillPolygon(pen: Pen, points: readonly number[]): void {
  pen.beginPath();
  for (let index = 0; index + 1 < points.length; index += 2) pen.lineTo(points[index] ?? 0, points[index + 1] ?? 0);
  pen.closePath();
  pen.fill();
}

/** A gradient along a line from the first point to the second, its colours spread evenly. */
export function linear(pen: Pen, line: readonly [number, number, number, number], ...colours: readonly string[]): CanvasGradient {
  const gradient = pen.createLinearGradient(...line);
  colours.forEach((colour, index) => gradient.addColorStop(index / (colours.length - 1), colour));
  return gradient;
}

/** A ball's shading, lit from the top left. */
export function radial(pen: Pen, radius: number, ...colours: readonly string[]): CanvasGradient {
  const gradient = pen.createRadialGradient(-radius * 0.35, -radius * 0.4, radius * 0.05, 0, 0, radius * 1.05);
  colours.forEach((colour, index) => gradient.addColorStop(index / (colours.length - 1), colour));
  return gradient;
}
