import { tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, overshoot, span } from './shared/ease';
import { fillCircle, fillEllipse, fillRound, fillShape, linear, radial } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, sparkSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const STRUMS = [0.2, 0.36, 0.52, 0.66] as const;
const NOTE_COLOURS = [tone('sky', 2), tone('rose', 1), tone('gold', 2), tone('mint', 2), tone('violet', 2)] as const;
const TURN = 0.62;

/** A guitar swings in; its strings tremble with every strum, waves leave the sound hole and notes ride the staff. */
export const guitar = stageEffect({ id: 'guitar', duration_ms: 3800, paint });

function paint(scene: Scene): void {
  const { unit, width, height, t } = scene;
  dimStage(scene, 0.2 * easeOut(span(t, 0, 0.2)));
  const entered = overshoot(span(t, 0, 0.2)) * (1 - 0.5 * easeInOut(span(t, 0.92, 1)));
  const kick = Math.max(...STRUMS.map((strum) => ringing(t, strum))) * 0.035;
  const place = { x: width * 0.5 - unit * 8, y: height * 0.62 + (1 - entered) * unit * 60, turn: TURN - kick + (1 - entered) * 0.7 };
  const hole = { x: place.x - Math.sin(TURN) * unit * 4, y: place.y + Math.cos(TURN) * unit * 4 };
  paintLight(scene, () => {
    stamp(scene, glowSprite(tone('coral', 2)), { ...hole, width: unit * 96, alpha: 0.34 });
    STRUMS.forEach((strum, index) => paintRings(scene, hole, { strum, index }));
  });
  paintStaff(scene, hole);
  paintAt(scene, { ...place, scale: unit * 0.78 }, (pen) => {
    setAlpha(scene, 1);
    const picture = guitarSprite();
    pen.drawImage(picture.image, -30, -62, 60, 105);
    paintStrings(scene, pen);
  });
  paintNotes(scene, hole);
}

function ringing(t: number, strum: number): number {
  return t < strum ? 0 : Math.exp(-(t - strum) * 15);
}

/** Standing waves: a string swings most in its middle, each at its own pitch. */
function paintStrings(scene: Scene, pen: Pen): void {
  const energy = Math.max(...STRUMS.map((strum) => ringing(scene.t, strum)));
  const [top, bottom] = [-50, 33];
  for (let string = 0; string < 6; string += 1) {
    const x = -2.9 + string * 1.16;
    const swing = Math.sin(scene.clock_s * (34 + string * 5)) * energy * 1.9;
    pen.strokeStyle = string < 3 ? '#ffe7b0' : '#ffffff';
    pen.lineWidth = 0.52 - string * 0.05;
    for (const ghost of [1, -0.6]) {
      pen.globalAlpha = ghost === 1 ? 1 : 0.4 * energy;
      pen.beginPath();
      for (let step = 0; step <= 18; step += 1) {
        const along = step / 18;
        const bow = Math.sin(along * Math.PI) * swing * ghost + Math.sin(along * Math.PI * 3) * swing * 0.25;
        pen.lineTo(x * lerp(0.72, 1, along) + bow, lerp(top, bottom, along));
      }
      pen.stroke();
    }
  }
}

function paintRings(scene: Scene, hole: { x: number; y: number }, { strum, index }: { strum: number; index: number }): void {
  const { pen, unit } = scene;
  for (let ring = 0; ring < 2; ring += 1) {
    const age = span(scene.t, strum + ring * 0.035, strum + 0.28 + ring * 0.035);
    if (age <= 0 || age >= 1) continue;
    setAlpha(scene, (1 - age) ** 1.5 * 0.6);
    pen.strokeStyle = pick(NOTE_COLOURS, index + ring);
    pen.lineWidth = unit * (1.3 * (1 - age) + 0.25);
    pen.beginPath();
    for (let step = 0; step <= 132; step += 1) {
      const angle = (step / 132) * TAU;
      // The wave itself is written on the ring, like a record's groove.
      const reach = unit * (10 + 52 * easeOut(age)) * (1 + 0.022 * Math.sin(angle * 12 + scene.clock_s * 8) * (1 - age));
      pen.lineTo(hole.x + Math.cos(angle) * reach, hole.y + Math.sin(angle) * reach);
    }
    pen.closePath();
    pen.stroke();
  }
}

function staffY(scene: Scene, along: number, from: number): number {
  const swing = Math.sin(along * 5.2 - scene.clock_s * 1.7) * scene.unit * 6;
  return lerp(from, scene.height * 0.22, easeInOut(along)) + swing * along;
}

function paintStaff(scene: Scene, hole: { x: number; y: number }): void {
  const { pen, unit, width } = scene;
  const drawn = easeInOut(span(scene.t, 0.18, 0.5));
  if (drawn <= 0) return;
  pen.lineWidth = unit * 0.32;
  for (let line = 0; line < 5; line += 1) {
    setAlpha(scene, 0.55);
    pen.strokeStyle = linear(pen, [hole.x, 0, width, 0], 'rgba(255,220,170,0)', pick(NOTE_COLOURS, line), 'rgba(255,255,255,.1)');
    pen.beginPath();
    for (let step = 0; step <= 40 * drawn; step += 1) {
      const along = step / 40;
      pen.lineTo(lerp(hole.x, width * 1.02, along), staffY(scene, along, hole.y) + (line - 2) * unit * 3.4 * Math.sqrt(along));
    }
    pen.stroke();
  }
}

function paintNotes(scene: Scene, hole: { x: number; y: number }): void {
  const { unit, width } = scene;
  const notes = scatter('guitar-notes', scene.seed, 22, (random, index) => ({
    starts: pick(STRUMS, index) + between(random, 0, 0.13) - 0.01,
    line: Math.floor(between(random, -2, 3)),
    free: index % 3 === 0,
    angle: between(random, -2.9, -1.2),
    size: between(random, 8, 13),
    colour: pick(NOTE_COLOURS, random() * 5),
    kind: index % 2,
  }));
  for (const note of notes) {
    const age = span(scene.t, note.starts, note.starts + 0.36);
    if (age <= 0 || age >= 1) continue;
    const along = age ** 0.75 * 0.94;
    const rides = { x: lerp(hole.x, width, along), y: staffY(scene, along, hole.y) + note.line * unit * 3.4 * Math.sqrt(along) };
    const reach = easeOut(age) * unit * 52;
    const flies = { x: hole.x + Math.cos(note.angle) * reach, y: hole.y + Math.sin(note.angle) * reach * 1.15 };
    const at = note.free ? flies : rides;
    const alpha = clamp(age * 6) * clamp((1 - age) * 4);
    stamp(scene, sparkSprite(note.colour), { ...at, width: unit * 7, alpha: alpha * 0.35 });
    stamp(scene, noteSprite(note.kind, note.colour), { ...at, width: note.size * unit * lerp(0.4, 1, easeOut(age)), turn: Math.sin(scene.clock_s * 4 + note.angle) * 0.25, alpha });
  }
}

function noteSprite(kind: number, colour: string): Sprite {
  return sprite(`note${kind}${colour}`, { width: 96, height: 96 }, (pen) => {
    pen.fillStyle = linear(pen, [-30, -40, 30, 40], '#ffffff', colour, colour);
    if (kind === 0) {
      fillEllipse(pen, -8, 26, [15, 11], -0.4);
      pen.fill(new Path2D('M1 24V-40c18 2 32 14 24 34-1-11-9-17-17-19V26z'));
      return;
    }
    fillEllipse(pen, -24, 26, [13, 10], -0.4);
    fillEllipse(pen, 22, 20, [13, 10], -0.4);
    pen.fill(new Path2D('M-18 26V-28L35-38V20H28V-22L-11-15V26z'));
  });
}

/** Upright, in 60 by 105 units with the middle of the neck and body on x = 0; drawn at 8 pixels a unit. */
function guitarSprite(): Sprite {
  return sprite('guitar', { width: 480, height: 840 }, (pen) => {
    pen.scale(8, 8);
    pen.translate(0, 9.5);
    fillShape(pen, 'M-3-60h6l4 2.500 1.600 10-3 3h-11L-8.600-47.500-7-57.500z', linear(pen, [-8, -60, 8, -46], '#ffdca8', '#c07a3a', '#8a4a20'));
    for (const y of [-57, -53, -49]) for (const x of [-9, 9]) (pen.fillStyle = tone('gold', 1)), fillCircle(pen, x, y, 1.5);
    fillShape(pen, 'M-3-46h6l.6 40h-7.200z', linear(pen, [-3.5, 0, 3.5, 0], '#7a4a2c', '#4a2616', '#331810'));
    pen.fillStyle = 'rgba(255,227,176,.75)';
    for (let fret = 0; fret < 9; fret += 1) pen.fillRect(-3.4, -43 + fret * 4.2, 6.8, 0.45);
    paintBody(pen);
  });
}

function paintBody(pen: Pen): void {
  const outline = 'M0-14c10-3 18 2 17 11-.6 5-2.600 7 2 12.500 6.500 8 5.500 24-6 29.500-8 3.500-18 3.500-26 0-11.500-5.500-12.500-21.500-6-29.500 4.600-5.500 2.600-7.500 2-12.500-1-9 7-14 17-11z';
  fillShape(pen, outline, linear(pen, [-22, -14, 22, 40], tone('coral', 0), '#f0984a', '#a83c1a', '#6b2410'));
  pen.save();
  pen.scale(0.93, 0.95);
  pen.translate(0, 0.8);
  fillShape(pen, outline, linear(pen, [-20, -14, 20, 40], '#ffcf88', '#f28a3c', '#cc5420', '#8f2f16'));
  pen.restore();
  fillShape(pen, 'M-13-7c-1 5 1.500 9-2 14-4 5.500-5.500 11-3.500 17.500C-22 17-19.500 10.500-16.500 6.500c3-4 .5-9 3.500-13.500z', 'rgba(255,255,255,.45)');
  pen.fillStyle = radial(pen, 8.4, tone('gold', 0), tone('gold', 2), tone('gold', 4));
  fillCircle(pen, 0, 6, 8.4);
  pen.fillStyle = radial(pen, 7, '#4a2416', '#200c0c');
  fillCircle(pen, 0, 6, 7);
  fillShape(pen, 'M8 12c8 2 10 10 7 17-5 2-8-2-8-8z', 'rgba(70,20,14,.55)');
  fillShape(pen, 'M-10 26h20q2 0 2 2t-2 2h-20q-2 0-2-2t2-2z', linear(pen, [-10, 26, 10, 30], '#6b3a20', '#2f140c'));
  pen.fillStyle = tone('gold', 0);
  fillRound(pen, [-5, 26.4, 10, 1], 0.5);
}
