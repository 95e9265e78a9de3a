import { palette, tone } from './shared/colour';
import { TAU, clamp, easeIn, easeInOut, easeOut, lerp, overshoot, span } from './shared/ease';
import { fillCircle, fillShape, linear, radial } from './shared/paths';
import { between, pick, scatter } from './shared/random';
import { TOWERS, paintFlag, paintGate, paintRoof, paintShade, paintWindow, stones } from './castle_parts';
import type { Stone } from './castle_parts';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Pen, Scene } from './shared/scene';
import { glintSprite, glowSprite, sparkSprite, stamp } from './shared/sprites';

const BUILT = 0.5; // the last stone is in place
const LIT = 0.6; // the first window lights up

/** A castle rises stone by stone on its floating isle; roofs land, flags unfurl, windows light up, stars come out. */
export const castle = stageEffect({ id: 'castle', duration_ms: 7600, fade_in: 0.05, fade_out: 0.1, paint });

function paint(scene: Scene): void {
  const { unit, width, height, t, clock_s } = scene;
  dimStage(scene, 0.3 * easeInOut(span(t, 0, 0.2)));
  const scale = unit * 0.86;
  const hover = Math.sin(clock_s * 1.2) * unit * 0.7;
  const isle = { x: width / 2, y: height * 0.5 + unit * 29 + hover + (1 - overshoot(span(t, 0, 0.13))) * height * 0.5 };
  paintSky(scene, isle);
  paintAt(scene, { ...isle, scale }, (pen) => {
    setAlpha(scene, 1);
    paintIsle(pen);
    paintStones(scene);
    setAlpha(scene, 1);
    for (const tower of TOWERS) paintTowerTop(scene, tower);
    paintGate(pen, { shown: easeOut(span(t, BUILT - 0.06, BUILT)), lit: easeInOut(span(t, LIT + 0.1, LIT + 0.16)) });
    paintWindows(scene);
  });
  paintLight(scene, () => paintFairyDust(scene, isle, scale));
}

function paintIsle(pen: Pen): void {
  fillShape(pen, 'M-56 0C-50 14-34 16-26 30-18 40-6 36 2 46 10 34 20 38 28 26 36 16 52 12 56 0z', linear(pen, [-50, 0, 40, 44], '#8a7ad0', '#54459c', '#2a2260'));
  fillShape(pen, 'M-26 30C-18 40-6 36 2 46 0 30-16 20-26 6zM28 26C20 38 10 34 2 46 10 26 20 16 30 4z', 'rgba(20,14,60,.3)');
  fillShape(pen, 'M-58-1C-40-7-20-6 0-6S40-7 58-1C62 4 54 7 46 6 40 10 32 5 24 7 14 11 6 5-4 7-14 11-22 5-32 7-42 10-62 6-58-1z', linear(pen, [-50, -6, 50, 8], tone('leaf', 1), tone('leaf', 2), tone('leaf', 3)));
  fillShape(pen, 'M-52-2C-30-6-10-5 4-5-16-3-36-2-50 1z', 'rgba(255,255,255,.4)');
}

function paintStones(scene: Scene): void {
  const { pen, t } = scene;
  for (const stone of stones()) {
    const flown = span(t, 0.08 + stone.order * (BUILT - 0.16), 0.16 + stone.order * (BUILT - 0.16));
    if (flown <= 0) continue;
    paintStone(scene, stone, flown);
  }
  const settled = easeInOut(span(t, BUILT - 0.06, BUILT + 0.02));
  if (settled > 0) {
    pen.globalAlpha = settled;
    paintShade(pen);
    pen.globalAlpha = 1;
  }
}

/** A stone comes up from the isle on a small curve, turning square as it finds its place. */
function paintStone(scene: Scene, stone: Stone, flown: number): void {
  const { pen } = scene;
  const landed = overshoot(flown);
  setAlpha(scene, clamp(flown * 4));
  pen.fillStyle = stone.colour;
  if (flown >= 1) {
    pen.fillRect(stone.x, stone.y, stone.width, stone.height);
    return;
  }
  const [x, y] = [lerp(stone.x * 1.5, stone.x, landed), lerp(stone.y * 0.4 + 16, stone.y, landed)];
  pen.save();
  pen.translate(x + stone.width / 2, y + stone.height / 2);
  pen.rotate((1 - landed) * stone.spin);
  pen.fillRect(-stone.width / 2, -stone.height / 2, stone.width, stone.height);
  pen.restore();
}

function paintTowerTop(scene: Scene, tower: (typeof TOWERS)[number]): void {
  const lands = BUILT + 0.01 + tower.rank * 0.02;
  const roofed = span(scene.t, lands, lands + 0.09);
  if (roofed <= 0) return;
  const unfurled = easeOut(span(scene.t, lands + 0.08, lands + 0.16));
  if (unfurled > 0) paintFlag(scene.pen, tower, { unfurled, clock_s: scene.clock_s });
  setAlpha(scene, clamp(roofed * 3));
  paintAt(scene, { x: tower.x, y: -tower.height - (1 - overshoot(roofed)) * 22, scale: lerp(0.6, 1, overshoot(roofed)) }, (pen) => paintRoof(pen, tower));
  setAlpha(scene, 1);
}

function paintWindows(scene: Scene): void {
  const { pen } = scene;
  const panes = TOWERS.flatMap((tower) => tower.windows.map((y) => ({ x: tower.x, y, size: tower.width * 0.28 })));
  panes.push({ x: -14, y: -17, size: 2.6 }, { x: 14, y: -17, size: 2.6 }, { x: -22, y: -17, size: 2.6 }, { x: 22, y: -17, size: 2.6 });
  panes.forEach((pane, index) => {
    const shown = easeOut(span(scene.t, BUILT - 0.04, BUILT + 0.02));
    const lights = LIT + ((index * 5) % panes.length) * 0.014;
    const lit = easeInOut(span(scene.t, lights, lights + 0.05));
    if (shown <= 0) return;
    setAlpha(scene, shown);
    paintWindow(pen, pane, lit);
    if (lit > 0) paintLight(scene, () => stamp(scene, glowSprite('#ffb04c'), { x: pane.x, y: pane.y, width: pane.size * 6.5, alpha: 0.55 * lit * (0.9 + 0.1 * Math.sin(scene.clock_s * 3 + index)) }));
  });
}

function paintSky(scene: Scene, isle: { x: number; y: number }): void {
  const { pen, unit, width, height, t, clock_s } = scene;
  const night = easeInOut(span(t, 0.3, 0.62));
  const rise = easeOut(span(t, 0.25, 0.6));
  const moon = { x: width / 2 + Math.min(width * 0.34, unit * 48), y: height * 0.5 - unit * lerp(6, 33, rise) };
  paintLight(scene, () => {
    stamp(scene, glowSprite(tone('violet', 2)), { x: isle.x, y: isle.y - unit * 26, width: unit * 150, alpha: 0.42 * easeOut(span(t, 0.1, 0.5)) });
    stamp(scene, glowSprite('#fff0c8'), { ...moon, width: unit * 44, alpha: 0.5 * night });
  });
  setAlpha(scene, night);
  paintAt(scene, { ...moon, scale: unit * 8 }, () => {
    pen.fillStyle = radial(pen, 1, '#fffdf0', '#ffefc4', '#e8cf98');
    fillCircle(pen, 0, 0, 1);
    pen.fillStyle = 'rgba(190,150,90,.28)';
    for (const [x, y, radius] of [[-0.3, -0.2, 0.2], [0.3, 0.3, 0.26], [0.25, -0.45, 0.12]] as const) fillCircle(pen, x, y, radius);
  });
  const stars = scatter('castle-stars', scene.seed, 70, (random) => ({ x: random(), y: random() ** 1.2 * 0.75, size: between(random, 1, 3.2), phase: between(random, 0, TAU), shows: between(random, 0.3, 0.7) }));
  for (const star of stars) {
    const alpha = span(t, star.shows, star.shows + 0.08) * (0.65 + 0.35 * Math.sin(clock_s * 2.2 + star.phase));
    stamp(scene, star.size > 2.6 ? glintSprite('#fff6d8') : sparkSprite(tone('violet', 1)), { x: star.x * width, y: star.y * height, width: star.size * unit, alpha });
  }
}

/** Dust flies in an arc over the roofs and falls as sparks; fountains on the towers close the night. */
function paintFairyDust(scene: Scene, isle: { x: number; y: number }, scale: number): void {
  const { unit, t } = scene;
  const flight = span(t, 0.64, 0.84);
  const arc = (along: number): { x: number; y: number } => ({ x: isle.x + lerp(-66, 66, along) * scale, y: isle.y - scale * (14 + Math.sin(along * Math.PI) * 80) });
  const grains = scatter('castle-dust', scene.seed, 110, (random, index) => ({ along: index / 110, x: between(random, -3, 3), fall: between(random, 4, 24), size: between(random, 1.2, 3), hue: random() }));
  for (const grain of grains) {
    const age = clamp((flight - grain.along) * 2.6);
    if (age <= 0 || age >= 1) continue;
    const at = arc(grain.along);
    stamp(scene, sparkSprite(pick([tone('gold', 1), tone('rose', 1), tone('sky', 1)], grain.hue * 3)), { x: at.x + grain.x * unit * age, y: at.y + grain.fall * unit * easeIn(age) * 0.9, width: grain.size * unit * (1 - age * 0.6), alpha: 1 - age });
  }
  if (flight > 0 && flight < 1) stamp(scene, glintSprite('#fff6d0'), { ...arc(flight), width: unit * 11, turn: scene.clock_s });
  TOWERS.forEach((tower, index) => {
    const age = span(t, 0.78 + index * 0.022, 0.94 + index * 0.022);
    if (age <= 0 || age >= 1) return;
    for (let spark = 0; spark < 20; spark += 1) {
      const angle = (spark / 20) * TAU;
      const reach = scale * (2 + 13 * easeOut(age));
      const place = { x: isle.x + tower.x * scale + Math.cos(angle) * reach, y: isle.y - (tower.height + tower.roof + 16) * scale + Math.sin(angle) * reach + age * age * scale * 7 };
      stamp(scene, sparkSprite(pick([palette.rose[1], palette.gold[2], palette.sky[2], palette.mint[2]], index)), { ...place, width: unit * 2.8 * (1 - age * 0.5), alpha: 1 - age });
    }
  });
}
