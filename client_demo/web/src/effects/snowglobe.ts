import { tone } from './shared/colour';
import { TAU, clamp, easeInOut, easeOut, lerp, overshoot, span } from './shared/ease';
import { fillCircle, fillEllipse, fillPolygon, fillShape, linear, radial, traceStar } from './shared/paths';
import { between, scatter } from './shared/random';
import { dimStage, paintAt, setAlpha, stageEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glintSprite, glowSprite, sprite, stamp } from './shared/sprites';
import type { Sprite } from './shared/sprites';

const OPENS = 0.42; // when the snow leaves the glass

/** A snow globe is shaken, its snow whirls, and then it is snowing on the whole stage. */
export const snowglobe = stageEffect({ id: 'snowglobe', duration_ms: 4000, fade_out: 0.18, paint });

function paint(scene: Scene): void {
  const { unit, width, height, t, clock_s } = scene;
  dimStage(scene, 0.26 * easeOut(span(t, 0, 0.2)));
  const arrived = overshoot(span(t, 0, 0.16));
  const shake = Math.sin(clock_s * 17) * 0.13 * easeInOut(span(t, 0.13, 0.18)) * (1 - easeInOut(span(t, 0.26, 0.36)));
  const radius = unit * 25;
  const centre = { x: width / 2, y: height * 0.5 + (1 - arrived) * height * 0.3 };
  paintSnowfall(scene, 'far', centre);
  stamp(scene, glowSprite('#9fd8ff'), { ...centre, width: radius * 3.5, alpha: 0.5 });
  paintAt(scene, { x: centre.x, y: centre.y + radius, turn: shake, scale: arrived * radius }, (pen) => {
    pen.translate(0, -1);
    setAlpha(scene, 1);
    pen.drawImage(villageSprite().image, -1.06, -1.06, 2.12, 2.12);
    paintWhirl(scene);
    pen.globalAlpha = 1;
    pen.drawImage(glassSprite().image, -1.06, -1.06, 2.12, 2.12);
    paintBase(pen);
  });
  paintSnowfall(scene, 'near', centre);
}

/** Inside the glass, in units of its radius: whirling after the shake, then settling. */
function paintWhirl(scene: Scene): void {
  const flakes = scatter('globe-flakes', scene.seed, 95, (random) => ({
    angle: between(random, 0, TAU),
    reach: Math.sqrt(random()) * 0.88,
    pace: between(random, 0.7, 1.5),
    size: between(random, 0.022, 0.05),
    sinks: between(random, 0.35, 0.9),
  }));
  const stirred = easeInOut(span(scene.t, 0.14, 0.26));
  const calm = easeOut(span(scene.t, 0.3, 1));
  const picture = flakeSprite();
  for (const flake of flakes) {
    const angle = flake.angle + stirred * flake.pace * (5 + 7 * calm);
    const swirl = { x: Math.cos(angle) * flake.reach, y: Math.sin(angle * 0.9 + flake.angle) * flake.reach * 0.86 };
    const floor = 0.42 + 0.32 * Math.cos(swirl.x * 1.6) * flake.sinks;
    const y = lerp(floor, lerp(swirl.y, floor, calm * flake.sinks * 0.8), stirred);
    if (Math.hypot(swirl.x, y) > 0.93) continue;
    stamp(scene, picture, { x: swirl.x, y, width: flake.size * 1.9, alpha: 0.95 });
  }
}

function paintSnowfall(scene: Scene, layer: 'near' | 'far', centre: { x: number; y: number }): void {
  const { unit, width, height, t, clock_s } = scene;
  if (t < OPENS - 0.02) return;
  const flakes = scatter(`snow-${layer}`, scene.seed, layer === 'near' ? 70 : 120, (random) => ({
    x: random(),
    y: random(),
    size: layer === 'near' ? between(random, 1.6, 4.2) : between(random, 0.7, 1.7),
    pace: layer === 'near' ? between(random, 0.26, 0.42) : between(random, 0.13, 0.22),
    phase: between(random, 0, TAU),
    crystal: random() < 0.3,
    delay: random() * 0.1,
  }));
  for (const flake of flakes) {
    // Each flake first bursts out of the globe to the place from where it then falls.
    const out = easeOut(span(t, OPENS + flake.delay - 0.02, OPENS + 0.2 + flake.delay));
    if (out <= 0) continue;
    const fallen = (flake.y + (t - OPENS) * 4 * flake.pace) % 1.1;
    const home = { x: flake.x * width + Math.sin(clock_s * 1.3 + flake.phase) * unit * 3, y: (fallen - 0.05) * height };
    const place = { x: lerp(centre.x, home.x, out), y: lerp(centre.y - unit * 10, home.y, out) - Math.sin(out * Math.PI) * unit * 12 };
    const crystal = layer === 'near' && flake.crystal;
    stamp(scene, crystal ? crystalSprite() : flakeSprite(), { ...place, width: flake.size * unit * (crystal ? 1.5 : 1), turn: crystal ? clock_s * 0.7 + flake.phase : 0, alpha: clamp(out * 3) * (layer === 'near' ? 0.92 : 0.75) });
  }
}

function flakeSprite(): Sprite {
  return sprite('flake', { width: 32, height: 32 }, (pen) => {
    const soft = pen.createRadialGradient(0, 0, 0, 0, 0, 16);
    for (const [at, alpha] of [[0, 1], [0.45, 0.95], [0.7, 0.45], [1, 0]] as const) soft.addColorStop(at, `rgba(246,251,255,${alpha})`);
    pen.fillStyle = soft;
    pen.fillRect(-16, -16, 32, 32);
  });
}

function crystalSprite(): Sprite {
  return sprite('crystal', { width: 64, height: 64 }, (pen) => {
    pen.strokeStyle = tone('sky', 0);
    pen.lineWidth = 4;
    pen.lineCap = 'round';
    pen.beginPath();
    for (let arm = 0; arm < 6; arm += 1) {
      const [cos, sin] = [Math.cos((arm * Math.PI) / 3), Math.sin((arm * Math.PI) / 3)];
      pen.moveTo(0, 0);
      pen.lineTo(cos * 28, sin * 28);
      for (const side of [-1, 1]) {
        pen.moveTo(cos * 16, sin * 16);
        pen.lineTo(cos * 24 - side * sin * 8, sin * 24 + side * cos * 8);
      }
    }
    pen.stroke();
  });
}

/** The little world, in units of the globe's radius at 240 pixels each. */
function villageSprite(): Sprite {
  return sprite('village', { width: 508, height: 508 }, (pen) => {
    pen.scale(240, 240);
    pen.fillStyle = radial(pen, 1, '#d4ecff', '#7fbcf2', '#3a63c4', '#22388f');
    fillCircle(pen, 0, 0, 1);
    pen.beginPath();
    pen.arc(0, 0, 0.965, 0, TAU);
    pen.clip();
    pen.fillStyle = '#fff6d8';
    fillCircle(pen, 0.42, -0.5, 0.13);
    pen.fillStyle = linear(pen, [0, 0.2, 0, 0.9], '#cfe2fb', '#9dbfe8');
    fillEllipse(pen, -0.55, 0.86, [0.85, 0.55]);
    for (const [x, y, size] of [[-0.64, 0.4, 0.52], [-0.38, 0.44, 0.36], [0.72, 0.46, 0.5], [0.5, 0.43, 0.3]] as const) paintPine(pen, [x, y], size);
    pen.fillStyle = linear(pen, [0, 0.3, 0, 0.95], '#ffffff', '#c9def8');
    fillEllipse(pen, 0.3, 0.92, [1.05, 0.55]);
    paintHouse(pen);
  });
}

function paintPine(pen: Pen, [x, y]: readonly [number, number], size: number): void {
  for (let tier = 0; tier < 3; tier += 1) {
    const [top, half] = [y - size * (1.2 - tier * 0.32), size * (0.2 + tier * 0.09)];
    pen.fillStyle = linear(pen, [x - half, top, x + half, top + size * 0.5], '#5fd0a4', '#1f8f72', '#0f4f56');
    fillPolygon(pen, [x, top, x + half, top + size * 0.52, x - half, top + size * 0.52]);
    pen.fillStyle = 'rgba(255,255,255,.85)';
    fillPolygon(pen, [x, top, x + half * 0.36, top + size * 0.19, x + 0.01, top + size * 0.15, x - half * 0.4, top + size * 0.21]);
  }
}

function paintHouse(pen: Pen): void {
  fillShape(pen, 'M-.24 .06h.54v.46h-.54z', linear(pen, [-0.24, 0, 0.3, 0.5], '#ffb98a', '#d9583a', '#9a2c38'));
  fillShape(pen, 'M.16-.38h.12v.3h-.12z', '#8a2438');
  fillShape(pen, 'M-.36 .12L.03-.3 .42 .12q.02 .06-.06 .06L.03-.14-.3 .18q-.08 0-.06-.06z', linear(pen, [-0.3, -0.3, 0.3, 0.2], '#ffffff', '#d3e6fb'));
  fillShape(pen, 'M-.16 .2h.14v.14h-.14zM.1 .52v-.2q.07-.09 .14 0v.2z', tone('gold', 1));
  fillShape(pen, 'M-.095 .2h.012v.14h-.012zM-.16 .264h.14v.012h-.14z', '#9a4a2a');
}

function glassSprite(): Sprite {
  return sprite('glass', { width: 508, height: 508 }, (pen) => {
    pen.scale(240, 240);
    fillShape(pen, 'M-.86 .2C-.94-.38-.56-.84-.1-.9-.02-.9-.02-.8-.1-.79-.5-.7-.78-.34-.76 .16-.76 .26-.85 .28-.86 .2z', 'rgba(255,255,255,.62)');
    fillShape(pen, 'M.9-.3C1.080 .3 .6 .94 0 .97 .5 .8 .92 .34 .9-.3z', 'rgba(20,40,120,.28)');
    pen.fillStyle = 'rgba(255,255,255,.55)';
    fillEllipse(pen, -0.7, 0.5, [0.05, 0.09], -0.5);
    pen.lineWidth = 0.022;
    pen.strokeStyle = 'rgba(226,244,255,.8)';
    pen.beginPath();
    pen.arc(0, 0, 0.985, 0, TAU);
    pen.stroke();
  });
}

function paintBase(pen: Pen): void {
  fillShape(pen, 'M-.66 .78Q0 1.020 .66 .78L.82 1.260Q0 1.520-.82 1.260z', linear(pen, [-0.7, 0.8, 0.7, 1.4], tone('violet', 1), tone('violet', 2), tone('violet', 3), tone('violet', 4)));
  fillShape(pen, 'M-.78 1.140Q0 1.400 .78 1.140L.82 1.260Q0 1.520-.82 1.260z', linear(pen, [-0.7, 1.1, 0.7, 1.4], tone('gold', 1), tone('gold', 2), tone('gold', 4)));
  fillShape(pen, 'M-.6 .83Q-.46 .89-.36 .91L-.42 1.160Q-.56 1.130-.68 1.090z', 'rgba(255,255,255,.3)');
  pen.save();
  pen.translate(0, 1.12);
  traceStar(pen, 0.12);
  pen.fillStyle = tone('gold', 1);
  pen.fill();
  pen.drawImage(glintSprite('#ffffff').image, -0.12, -0.14, 0.16, 0.16);
  pen.restore();
}
