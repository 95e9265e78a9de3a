import { palette, tone } from './shared/colour';
import { TAU, clamp, easeIn, easeOut, overshoot, span } from './shared/ease';
import { fillRound, fillShape, linear } from './shared/paths';
import { pick } from './shared/random';
import { paintAt, setAlpha, trayEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glowSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const CLAPS = [0.2, 0.44, 0.68] as const;
const SPACING = 0.24;
const COLOURS = [tone('gold', 2), tone('sky', 2), tone('rose', 1), tone('mint', 2)] as const;

/** Two hands clap three times; each clap sends out sound arcs and a ring of small hands. */
export const clap = trayEffect({ id: 'clap', duration_ms: 1300, paint });

function paint(scene: Scene): void {
  CLAPS.forEach((time, index) => paintWave(scene, time, index));
  paintHands(scene);
}

function paintHands(scene: Scene): void {
  const gap = gapAt(scene.t);
  const squash = 1 - 0.07 * clamp(1 - gap * 8);
  const appear = overshoot(span(scene.t, 0, 0.14));
  const hands = [
    { side: 1, picture: handSprite('right') },
    { side: -1, picture: handSprite('left') },
  ];
  stamp(scene, glowSprite(tone('gold', 2)), { x: 0, y: 0, width: 190, alpha: 0.55 * clamp(1 - gap * 2) });
  setAlpha(scene, 1);
  for (const { side, picture } of hands) {
    const place = { x: side * (7 + 46 * gap), y: 72, turn: side * (0.55 * gap - 0.06), scale: appear, scale_x: -side * squash, scale_y: 2 - squash };
    paintAt(scene, place, (pen) => pen.drawImage(picture.image, -56, -118, 112, 140));
  }
}

/** 0 as the hands meet, 1 wide open: they fall together fast and part gently. */
function gapAt(t: number): number {
  return Math.min(
    1,
    ...CLAPS.map((time) => (t < time ? easeIn(clamp((time - t) / (SPACING * 0.5))) ** 0.5 : easeOut(span(t, time + 0.025, time + SPACING * 0.55)))),
  );
}

function paintWave(scene: Scene, time: number, index: number): void {
  const age = span(scene.t, time, time + 0.34);
  if (age <= 0 || age >= 1) return;
  const { pen } = scene;
  const colour = pick(COLOURS, index);
  pen.lineCap = 'round';
  pen.strokeStyle = colour;
  for (const side of [0, Math.PI]) {
    for (let arc = 0; arc < 3; arc += 1) {
      const reach = 50 + arc * 19 + 46 * easeOut(age);
      setAlpha(scene, (1 - age) * (0.95 - arc * 0.22));
      pen.lineWidth = 5.5 * (1 - age * 0.6) - arc;
      pen.beginPath();
      pen.arc(0, -8, reach, side - 0.42 + arc * 0.04, side + 0.42 - arc * 0.04);
      pen.stroke();
    }
  }
  paintRing(scene, age, index);
}

function paintRing(scene: Scene, age: number, index: number): void {
  const count = 9;
  for (let hand = 0; hand < count; hand += 1) {
    const angle = -Math.PI / 2 + ((hand - (count - 1) / 2) / count) * TAU * 0.86 + index * 0.12;
    const reach = 58 + 58 * easeOut(age);
    const size = 22 * Math.sin(Math.PI * Math.min(1, age * 1.1)) ** 0.6;
    const place = { x: Math.cos(angle) * reach * 1.25, y: -8 + Math.sin(angle) * reach * 0.92, width: size, turn: angle + Math.PI / 2 };
    stamp(scene, handSprite(hand % 2 === 0 ? 'left' : 'right'), { ...place, alpha: 0.9 * clamp((1 - age) * 2.4) });
  }
}

function handSprite(side: 'left' | 'right'): Sprite {
  return sprite(`clap-${side}`, { width: 208, height: 260 }, (pen) => {
    pen.translate(0, 14);
    pen.scale(4.6, 4.6);
    if (side === 'left') paintHand(pen, ['#fff4d0', '#ffd15c', '#f2993a'], [tone('violet', 2), tone('violet', 3)]);
    else paintHand(pen, ['#ffe6a8', '#f8b04c', '#d9742e'], [palette.rose[1], palette.rose[3]]);
  });
}

function paintHand(pen: Pen, skin: readonly string[], sleeve: readonly [string, string]): void {
  fillShape(pen, 'M-12 12h24l3 10q-15 5-30 0z', linear(pen, [-12, 12, 14, 24], ...sleeve));
  pen.fillStyle = linear(pen, [-12, -30, 12, 18], ...skin);
  for (const [x, height] of [[-11.2, 24], [-3.9, 30], [3.4, 28], [10.4, 21]] as const) fillRound(pen, [x - 3.4, -height, 6.8, height + 6], 3.4);
  pen.fill(new Path2D('M-14.6-6h28.4v13c0 9-6 12-14 12S-14.6 14-14.6 4z'));
  pen.fill(new Path2D('M-12-2c-6-1-11-6-13-11-1.500-4 3-7 6-4 3 4 6 6 10 8 5 4 2 8-3 7z'));
  fillShape(pen, 'M12 0c2 9-2 17-12 18.500 9 1 14-3 14-12zM7 -20c1.500 6 1.500 12 0 18 2-6 2.500-12 0-18z', 'rgba(150,60,20,.32)');
  pen.fillStyle = 'rgba(255,255,255,.6)';
  for (const [x, y] of [[-12.9, -21], [-5.6, -27], [1.7, -25]] as const) fillRound(pen, [x, y, 2, 12], 1);
  pen.fillStyle = sleeve[0];
  fillRound(pen, [-14, 10.5, 28, 5.5], 2.7);
}
