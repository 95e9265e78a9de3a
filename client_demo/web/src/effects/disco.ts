import { fadeHex, mixHex, tone } from './shared/colour';
import { TAU, clamp, easeInOut, lerp, overshoot, span } from './shared/ease';
import { memo } from './shared/memo';
import { fillCircle, fillRound, linear, radial } from './shared/paths';
import { between, createRandom, pick, scatter } from './shared/random';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glintSprite, glowSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const ROWS = 11;
const COLUMNS = 26; // around the whole equator
const BEAM_COLOURS = [tone('rose', 2), tone('sky', 2), tone('violet', 2), tone('mint', 2), tone('gold', 2), '#ff7fd8'] as const;

/** A mirror ball comes down, turns, and sends slow beams and drifting spots over the stage. */
export const disco = stageEffect({ id: 'disco', duration_ms: 4000, paint });

function paint(scene: Scene): void {
  const radius = scene.unit * 15;
  const lowered = overshoot(span(scene.t, 0, 0.26)) * (1 - easeInOut(span(scene.t, 0.88, 1)) * 0.6);
  const swing = Math.sin(scene.clock_s * 1.5) * 0.035;
  const centre = { x: scene.width / 2 + swing * scene.height * 0.3, y: lerp(-radius * 1.5, scene.height * 0.3, lowered) };
  const lit = easeInOut(span(scene.t, 0.16, 0.36));
  dimStage(scene, 0.3 * lit);
  paintLight(scene, () => {
    paintSpots(scene, lit);
    paintBeams(scene, centre, lit);
    stamp(scene, glowSprite('#c9b3ff'), { ...centre, width: radius * 4.4, alpha: 0.55 * lit });
  });
  paintWire(scene, centre, radius);
  setAlpha(scene, 1);
  paintAt(scene, { ...centre, scale: radius }, (pen) => paintBall(pen, scene.clock_s * 0.7));
  paintGlints(scene, centre, radius);
}

function paintBeams(scene: Scene, from: { x: number; y: number }, lit: number): void {
  const length = Math.hypot(scene.width, scene.height) * 0.62;
  for (let beam = 0; beam < 7; beam += 1) {
    const angle = (beam - 3) * 0.5 + Math.sin(scene.clock_s * 0.85 + beam * 1.7) * 0.34 + Math.PI / 2;
    paintAt(scene, { ...from, turn: angle }, (pen) => {
      setAlpha(scene, 0.52 * lit);
      const picture = beamSprite(pick(BEAM_COLOURS, beam));
      pen.imageSmoothingEnabled = false; // only gradients: see Sprite.soft
      pen.drawImage(picture.image, 0, -length * 0.085, length, length * 0.17);
    });
  }
}

/** A fan of light, strongest along its middle and near the ball. */
function beamSprite(colour: string): Sprite {
  return sprite(`beam${colour}`, { width: 320, height: 96 }, (pen) => {
    pen.scale(2, 2);
    const layers = 12;
    for (let layer = 1; layer <= layers; layer += 1) {
      const half = (layer / layers) * 24;
      pen.fillStyle = linear(pen, [-80, 0, 80, 0], fadeHex(colour, 0.19), fadeHex(colour, 0.075), fadeHex(colour, 0));
      pen.beginPath();
      pen.moveTo(-80, -half * 0.12);
      pen.lineTo(80, -half);
      pen.lineTo(80, half);
      pen.lineTo(-80, half * 0.12);
      pen.fill();
    }
  });
}

function paintSpots(scene: Scene, lit: number): void {
  const spots = scatter('disco-spots', scene.seed, 70, (random, index) => ({
    longitude: between(random, 0, TAU),
    latitude: between(random, -1, 1),
    size: between(random, 3.4, 7),
    colour: pick(BEAM_COLOURS, index),
  }));
  for (const spot of spots) {
    // The ball's turning carries each reflection around the room; those behind us stay unseen.
    const angle = spot.longitude + scene.clock_s * 0.42;
    const front = Math.cos(angle);
    if (front <= 0) continue;
    const x = scene.width * (0.5 + 0.62 * Math.sin(angle));
    const y = scene.height * (0.52 + spot.latitude * (0.36 + 0.14 * front));
    const stretch = 1 + (1 - front) * 0.9;
    const width = spot.size * scene.unit * stretch;
    stamp(scene, spotSprite(spot.colour), { x, y, width, height: spot.size * scene.unit * 0.82, alpha: 0.9 * lit * clamp(front * 3) });
  }
}

function spotSprite(colour: string): Sprite {
  return sprite(`spot${colour}`, { width: 48, height: 48 }, (pen) => {
    const light = pen.createRadialGradient(0, 0, 0, 0, 0, 24);
    for (const [at, alpha] of [[0, 0.95], [0.55, 0.8], [0.75, 0.26], [1, 0]] as const) light.addColorStop(at, fadeHex(colour, alpha));
    pen.fillStyle = light;
    fillCircle(pen, 0, 0, 24);
  });
}

function paintWire(scene: Scene, centre: { x: number; y: number }, radius: number): void {
  const { pen, unit } = scene;
  setAlpha(scene, 0.9);
  pen.strokeStyle = '#b9b3e6';
  pen.lineWidth = unit * 0.4;
  pen.beginPath();
  pen.moveTo(scene.width / 2, -unit);
  pen.lineTo(centre.x, centre.y - radius);
  pen.stroke();
  pen.fillStyle = linear(pen, [centre.x - unit * 3, 0, centre.x + unit * 3, 0], '#f2f0ff', '#8a83c0', '#4a4480');
  fillRound(pen, [centre.x - unit * 2.6, centre.y - radius - unit * 2, unit * 5.2, unit * 3.4], unit);
}

/** The ball in units of its radius; every tile is a mirror with its own tilt. */
function paintBall(pen: Pen, turn: number): void {
  pen.fillStyle = radial(pen, 1, '#cfc4f8', '#7a62d8', '#241868');
  fillCircle(pen, 0, 0, 1);
  const shades = memo('disco-shades', () => Array.from({ length: 32 }, (_, index) => mixHex('#2a1c70', index < 16 ? '#a78bff' : '#ffffff', index < 16 ? index / 16 : (index - 6) / 26)));
  const tilts = memo('disco-tilts', () => Array.from({ length: ROWS * COLUMNS }, createRandom(3)));
  for (let row = 0; row < ROWS; row += 1) {
    const [top, bottom] = [(row / ROWS - 0.5) * Math.PI + 0.018, ((row + 1) / ROWS - 0.5) * Math.PI - 0.018];
    const columns = Math.max(6, Math.round(COLUMNS * Math.cos((top + bottom) / 2)));
    for (let column = 0; column < columns; column += 1) paintTile(pen, { row, column, columns, top, bottom, turn }, { shades, tilts });
  }
}

interface Tile {
  row: number;
  column: number;
  columns: number;
  top: number;
  bottom: number;
  turn: number;
}

function paintTile(pen: Pen, tile: Tile, { shades, tilts }: { shades: readonly string[]; tilts: readonly number[] }): void {
  const step = TAU / tile.columns;
  const left = ((((tile.column * step + tile.turn + tile.row * 0.3) % TAU) + TAU) % TAU) - Math.PI;
  const [from, to] = [Math.max(-Math.PI / 2, left + 0.02), Math.min(Math.PI / 2, left + step - 0.02)];
  if (to <= from) return;
  const [upper, lower] = [Math.cos(tile.top), Math.cos(tile.bottom)];
  const [y0, y1] = [Math.sin(tile.top), Math.sin(tile.bottom)];
  const [s0, s1] = [Math.sin(from), Math.sin(to)];
  const middle = { x: ((s0 + s1) / 2) * (upper + lower) * 0.5, y: (y0 + y1) / 2 };
  const tilt = pick(tilts, tile.row * COLUMNS + tile.column);
  const light = 0.86 - Math.hypot(middle.x + 0.36, middle.y + 0.4) * 0.56 + (tilt - 0.5) * 0.52;
  pen.fillStyle = tilt > 0.9 ? '#ff9fd8' : tilt < 0.08 ? '#8fe0ff' : pick(shades, clamp(light) * 31);
  pen.beginPath();
  pen.moveTo(s0 * upper, y0);
  pen.lineTo(s1 * upper, y0);
  pen.lineTo(s1 * lower, y1);
  pen.lineTo(s0 * lower, y1);
  pen.fill();
}

function paintGlints(scene: Scene, centre: { x: number; y: number }, radius: number): void {
  for (const [x, y, phase, size] of [[-0.45, -0.45, 0, 1], [0.5, 0.2, 2, 0.62], [-0.1, 0.55, 4, 0.5], [0.25, -0.62, 5, 0.45]] as const) {
    const shine = 0.5 + 0.5 * Math.sin(scene.clock_s * 2.4 + phase);
    stamp(scene, glintSprite('#ffffff'), { x: centre.x + x * radius, y: centre.y + y * radius, width: radius * size * (0.4 + 0.7 * shine), alpha: 0.35 + 0.6 * shine });
  }
}
