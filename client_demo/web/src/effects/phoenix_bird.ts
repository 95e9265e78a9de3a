import { tone } from './shared/colour';
import { lerp } from './shared/ease';
import { fillCircle, fillEllipse, fillShape, linear, radial } from './shared/paths';
import type { Pen } from './shared/scene';
import { sprite } from './shared/sprites';
import type { Sprite } from './shared/sprites';

interface Pose {
  /** 0 wings folded to 1 spread. */
  spread: number;
  /** -1..1 */
  flap: number;
  clock_s: number;
  /** 0 plumage to 1 pure light. */
  glow: number;
}

// Longest feathers first, each layer shorter, lighter and closer to the shoulder.
const LAYERS = [
  { feathers: 9, length: 72, width: 22, from: 1.42, to: -0.62, tint: 0, hidden: 0.34 },
  { feathers: 7, length: 52, width: 20, from: 1.3, to: -0.5, tint: 1, hidden: 0.3 },
  { feathers: 5, length: 34, width: 18, from: 1.15, to: -0.35, tint: 2, hidden: 0 },
] as const;

const TINTS = [
  ['#7a0f45', '#d92b3c', '#ff7a2c', '#ffb52e', '#ffe58a'],
  ['#b81a3c', '#f0502a', '#ff9a2e', '#ffd15c', '#fff3b8'],
  ['#f0502a', '#ff8a2e', '#ffc144', '#ffe58a', '#fffbe6'],
] as const;

/** The bird from the front, its heart on (0, 0); wings reach about 90 units to each side. */
export function paintPhoenix(pen: Pen, pose: Pose): void {
  paintTail(pen, pose);
  for (const side of [-1, 1]) {
    pen.save();
    pen.scale(side, 1);
    pen.translate(9, -10);
    paintWing(pen, pose);
    pen.restore();
  }
  paintBody(pen);
  paintHead(pen, pose);
  if (pose.glow > 0) {
    pen.globalAlpha *= pose.glow * 0.8;
    pen.globalCompositeOperation = 'lighter';
    pen.fillStyle = radial(pen, 40, '#fff3b8', 'rgba(255,180,60,.5)', 'rgba(255,120,40,0)');
    fillCircle(pen, 0, 0, 42);
  }
}

function paintWing(pen: Pen, pose: Pose): void {
  const { spread, flap, clock_s } = pose;
  for (const layer of LAYERS) {
    const picture = featherSprite(layer.tint);
    for (let feather = 0; feather < layer.feathers; feather += 1) {
      const along = feather / (layer.feathers - 1); // 0 next to the body, 1 the wing's leading edge
      const open = lerp(1.5, lerp(layer.from, layer.to, along), spread);
      const bend = -flap * 0.32 * along + Math.sin(clock_s * 3 + feather) * 0.025;
      const length = layer.length * lerp(0.62, 1, Math.sin(0.35 + along * 1.55)) * lerp(0.7, 1, spread);
      pen.save();
      pen.translate(along * 12 * spread, -along * 7 * spread + flap * -3 * along);
      pen.rotate(open + bend);
      // But for the leading edge, a root lies under the next layer; leaving it out spares a quarter of the pixels.
      const hidden = along > 0.7 ? 0 : layer.hidden;
      const root = picture.width * hidden;
      pen.drawImage(picture.image, root, 0, picture.width - root, picture.height, length * hidden, -layer.width / 2, length * (1 - hidden), layer.width);
      pen.restore();
    }
  }
}

/** A feather pointing right from its root at the left edge: a gold quill, tips of flame. */
function featherSprite(tint: 0 | 1 | 2): Sprite {
  return sprite(`phoenix-feather${tint}`, { width: 216, height: 60 }, (pen) => {
    pen.translate(-108, 0);
    const [deep, dark, middle, light, pale] = TINTS[tint];
    fillShape(pen, 'M0-6C50-26 130-30 176-16 194-12 206-8 215 2 204 2 196 4 190 10 180 8 172 12 164 18 120 28 50 22 0 7z', linear(pen, [0, 0, 215, 0], pale, light, middle, dark, deep));
    fillShape(pen, 'M0-4C50-22 130-26 176-13 130-18 60-12 0 0z', 'rgba(255,246,208,.5)');
    fillShape(pen, 'M0 0C60-3 130-3 196 1 130 2 60 4 0 3z', 'rgba(255,250,220,.8)');
    fillShape(pen, 'M70 22l34-14-14 18zM116 22l32-15-10 15z', 'rgba(120,10,50,.3)');
  });
}

function paintTail(pen: Pen, { spread, clock_s, flap }: Pose): void {
  const plumes = 7;
  for (let plume = 0; plume < plumes; plume += 1) {
    const fan = plume - (plumes - 1) / 2;
    const sway = Math.sin(clock_s * 2.6 + plume * 0.7) * 7 - flap * fan * 0.8;
    const reach = (100 - Math.abs(fan) * 9) * lerp(0.6, 1, spread);
    const tip = { x: fan * 14 * spread + sway, y: reach };
    pen.fillStyle = linear(pen, [0, 14, tip.x, tip.y], tone('gold', 1), tone('gold', 2), '#ff8a2e', '#f0502a', '#d92b5c');
    pen.beginPath();
    pen.moveTo(-6, 16);
    pen.bezierCurveTo(fan * 5 - 9, 48, tip.x - fan * 3 - 11, reach - 26, tip.x, tip.y);
    pen.bezierCurveTo(tip.x - fan * 3 + 11, reach - 26, fan * 5 + 9, 48, 6, 16);
    pen.fill();
    paintTailEye(pen, { x: tip.x - fan * 1.4, y: tip.y - 15 });
  }
}

function paintTailEye(pen: Pen, { x, y }: { x: number; y: number }): void {
  pen.fillStyle = tone('gold', 2);
  fillEllipse(pen, x, y, [3.9, 5.8]);
  pen.fillStyle = '#2f86e8';
  fillEllipse(pen, x, y + 0.8, [3, 4.4]);
  pen.fillStyle = '#c6ecff';
  fillEllipse(pen, x - 0.9, y - 0.6, [1.1, 1.6]);
}

function paintBody(pen: Pen): void {
  fillShape(pen, 'M0-30C12-28 17-14 16 0 15 14 8 26 0 32-8 26-15 14-16 0-17-14-12-28 0-30z', linear(pen, [-14, -26, 12, 30], '#fff3b8', '#ffc144', '#ff8a2e', '#d9382a'));
  for (const [y, half, tint] of [[-8, 10, 'rgba(240,90,40,.5)'], [0, 10.5, 'rgba(230,70,40,.5)'], [8, 9, 'rgba(215,50,40,.5)'], [16, 6, 'rgba(200,40,50,.5)']] as const) {
    fillShape(pen, `M${-half} ${y}q${half / 2} 4 ${half} 0q${half / 2} 4 ${half} 0q-2 8-${half} 9q-${half - 2}-1-${half}-9z`, tint);
  }
  fillShape(pen, 'M-11-14C-14-4-13 6-8 16-11 4-10-6-7-16-7-19-10-18-11-14z', 'rgba(255,255,255,.55)');
}

function paintHead(pen: Pen, { clock_s }: Pose): void {
  for (let plume = 0; plume < 5; plume += 1) {
    pen.save();
    pen.translate(0, -40);
    pen.rotate((plume - 2) * 0.34 + Math.sin(clock_s * 3 + plume) * 0.06);
    fillShape(pen, 'M-2.400 0C-5-9-3-16 0-25 3-16 5-9 2.400 0z', linear(pen, [0, -24, 0, 0], '#ffe58a', '#ff8a2e', '#d92b3c'));
    pen.restore();
  }
  pen.fillStyle = radial(pen, 12, '#fff8dc', '#ffd98a', '#ffa53c', '#f0602a');
  fillEllipse(pen, 0, -33, [10.5, 11]);
  fillShape(pen, 'M-4-31h8L0-22z', linear(pen, [-3, -31, 3, -23], '#fff0b8', '#d9701e'));
  for (const side of [-1, 1]) {
    pen.fillStyle = '#4a0c1a';
    fillEllipse(pen, side * 5, -34.5, [2, 2.8]);
    pen.fillStyle = '#ffffff';
    fillCircle(pen, side * 5 - 0.7, -35.6, 0.8);
    fillShape(pen, `M${side * 2} -37.500C${side * 4} -40 ${side * 7} -40 ${side * 9} -38 ${side * 7} -38.600 ${side * 4} -38.400 ${side * 2} -37.500z`, '#c21f3b');
  }
}
