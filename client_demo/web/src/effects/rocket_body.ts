import { tone } from './shared/colour';
import { fillCircle, fillEllipse, fillRound, fillShape, linear, radial } from './shared/paths';
import type { Pen } from './shared/scene';

/** The rocket upright around (0, 0): nose at y = -52, nozzle at y = 34. */
export function paintRocket(pen: Pen): void {
  const fins = linear(pen, [-30, 0, 30, 40], tone('rose', 1), tone('rose', 2), tone('rose', 3), tone('rose', 4));
  fillShape(pen, 'M-15 2C-28 8-33 22-30 42L-13 30zM15 2C28 8 33 22 30 42L13 30z', fins);
  fillShape(pen, 'M-10 24h20l3 10q-13 5-26 0z', linear(pen, [-12, 0, 12, 0], '#b9b3e6', '#6a64a8', '#3a3266'));
  const hull = 'M0-52C3-52 5-50 7-47 16-34 20-18 18-2 17 9 14 18 10 26H-10C-14 18-17 9-18-2-20-18-16-34-7-47-5-50-3-52 0-52z';
  fillShape(pen, hull, linear(pen, [-18, 0, 18, 0], '#d5d3f2', '#ffffff', '#e6e5fa', '#a5a1dc', '#7d78c0'));
  fillShape(pen, 'M0-52C3-52 5-50 7-47 11-41 13.500-35 15.300-29Q0-24-15.300-29C-13.500-35-11-41-7-47-5-50-3-52 0-52z', linear(pen, [-14, -40, 14, -40], tone('rose', 1), tone('rose', 2), tone('rose', 3), tone('rose', 4)));
  fillShape(pen, 'M-17.800 3Q0 8.500 17.800 3L17 8.500Q0 14-17 8.500z', linear(pen, [-18, 0, 18, 0], tone('gold', 1), tone('gold', 2), tone('gold', 3)));
  paintWindow(pen);
  fillShape(pen, 'M-12-26C-15-17-16-8-14.500 1-14.500 3-12 3-11.700 1-12.500-8-11-17-8.500-25-8-27.500-11.400-28-12-26z', 'rgba(255,255,255,.95)');
  fillShape(pen, 'M-2.400 12q2.400-2 4.800 0l1 24q-3.400 3-6.800 0z', linear(pen, [-3, 12, 4, 36], tone('rose', 1), tone('rose', 3)));
}

function paintWindow(pen: Pen): void {
  pen.save();
  pen.translate(0, -12);
  pen.fillStyle = radial(pen, 10, '#f2f0ff', '#8a84c4', '#4a4490');
  fillCircle(pen, 0, 0, 9.6);
  pen.fillStyle = radial(pen, 7, tone('sky', 1), tone('sky', 2), tone('sky', 3), tone('sky', 4));
  fillCircle(pen, 0, 0, 7);
  pen.fillStyle = 'rgba(255,255,255,.9)';
  fillEllipse(pen, -2.6, -3, [2.6, 1.6], -0.6);
  pen.restore();
}

/** The exhaust below the nozzle; three tongues that lick out of step, so its light never pulses as one. */
export function paintFlame(pen: Pen, burn: number, clock_s: number): void {
  if (burn <= 0.01) return;
  const lick = (pace: number): number => 1 + 0.1 * Math.sin(clock_s * pace) + 0.06 * Math.sin(clock_s * pace * 1.7);
  const tongues = [
    { width: 15, length: 66 * lick(13), colours: ['rgba(255,150,60,.95)', 'rgba(240,80,50,.8)', 'rgba(220,40,90,0)'] },
    { width: 10, length: 48 * lick(17), colours: ['#fff0a8', 'rgba(255,190,80,.95)', 'rgba(255,130,50,0)'] },
    { width: 5.5, length: 30 * lick(21), colours: ['#ffffff', 'rgba(230,250,255,.95)', 'rgba(150,220,255,0)'] },
  ];
  for (const { width, length, colours } of tongues) {
    const reach = length * burn;
    pen.fillStyle = linear(pen, [0, 34, 0, 34 + reach], ...colours);
    pen.beginPath();
    pen.moveTo(-width * 0.7, 33);
    pen.bezierCurveTo(-width * 1.3, 33 + reach * 0.35, -width * 0.5, 33 + reach * 0.7, 0, 33 + reach);
    pen.bezierCurveTo(width * 0.5, 33 + reach * 0.7, width * 1.3, 33 + reach * 0.35, width * 0.7, 33);
    pen.fill();
  }
}

/** The launch tower beside the rocket, standing on y = 0; its arm swings away as `released` goes to 1. */
export function paintGantry(pen: Pen, released: number, clock_s: number): void {
  const steel = linear(pen, [18, -60, 34, 0], '#8f8ad0', '#5a549c', '#33306a');
  pen.fillStyle = steel;
  for (const x of [20, 31]) fillRound(pen, [x, -58, 2, 60], 0.6);
  for (let floor = 0; floor < 7; floor += 1) {
    const y = -56 + floor * 8.4;
    pen.fillRect(20, y, 13, 1.2);
    fillShape(pen, `M21 ${y + 8}L32 ${y + 1}l.8 1.100L21.800 ${y + 9}z`, '#5a549c');
  }
  pen.save();
  pen.translate(20, -36);
  pen.rotate(-released * 1.3);
  pen.fillStyle = linear(pen, [-12, 0, 0, 3], '#ffd15c', '#b8641a');
  fillRound(pen, [-10, 0, 11, 2.6], 1);
  pen.restore();
  pen.fillStyle = `rgba(255,90,110,${0.65 + 0.3 * Math.sin(clock_s * 4)})`;
  fillCircle(pen, 26.5, -60, 1.5);
  pen.fillStyle = linear(pen, [-16, 0, 16, 4], '#8f8ad0', '#4a4490', '#2a2660');
  fillRound(pen, [-17, -1, 34, 4], 1);
}
