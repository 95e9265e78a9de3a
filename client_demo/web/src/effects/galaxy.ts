import { tone } from './shared/colour';
import { TAU, clamp, easeIn, easeInOut, easeOut, lerp, span } from './shared/ease';
import { between, pick, scatter } from './shared/random';
import { dimStage, paintAt, paintLight, setAlpha, stageEffect } from './shared/scene';
import type { Scene } from './shared/scene';
import { glintSprite, glowSprite, sparkSprite, stamp } from './shared/sprites';

const ARMS = 2;
const WIND = 4.6; // radians an arm turns from the core to its end
const TILT = 0.46;
const CANT = -0.32;
const [CANT_COS, CANT_SIN] = [Math.cos(CANT), Math.sin(CANT)];

interface Star {
  /** 0 core to 1 rim. */
  reach: number;
  angle: number;
  lift: number;
  size: number;
  colour: string;
  arrives: number;
  from_x: number;
  from_y: number;
  phase: number;
}

/** Scattered stars gather, wind into a spiral galaxy and turn, while the view drifts slowly closer. */
export const galaxy = stageEffect({ id: 'galaxy', duration_ms: 8000, fade_in: 0.07, fade_out: 0.1, paint });

function paint(scene: Scene): void {
  const { width, height, t, unit } = scene;
  dimStage(scene, 0.34 * easeInOut(span(t, 0, 0.2)));
  const centre = { x: width / 2, y: height / 2 };
  // In portrait the disc would be lost in the middle, so it may reach past the sides.
  const radius = Math.min(Math.max(width * 0.46, unit * 66), unit * 84) * lerp(0.78, 1.16, easeInOut(t));
  const formed = easeInOut(span(t, 0.12, 0.5));
  paintLight(scene, () => {
    paintBackdrop(scene);
    paintDust(scene, centre, { radius, formed });
    paintCore(scene, centre, { radius, formed });
    paintStars(scene, centre, radius);
    paintShootingStars(scene);
    paintHeartbeat(scene, centre, radius);
  });
}

function paintBackdrop(scene: Scene): void {
  const { unit, width, height, t, clock_s } = scene;
  const stars = scatter('galaxy-sky', scene.seed, 80, (random) => ({ x: random(), y: random(), size: between(random, 0.7, 2.2), phase: between(random, 0, TAU) }));
  for (const star of stars) {
    const zoom = 1 + t * 0.08;
    const place = { x: width * (0.5 + (star.x - 0.5) * zoom), y: height * (0.5 + (star.y - 0.5) * zoom) };
    stamp(scene, star.size > 2 ? glintSprite('#dcd6ff') : sparkSprite(tone('violet', 1)), { ...place, width: star.size * unit * (star.size > 2 ? 1.6 : 1), alpha: 0.35 + 0.3 * Math.sin(clock_s * 1.6 + star.phase) });
  }
}

/** How far a ring has turned: the inner ones lead, as in a real disc. */
function turnAt(scene: Scene, reach: number): number {
  return (scene.clock_s * 0.3) / (0.4 + reach) + easeOut(span(scene.t, 0.08, 0.6)) * 2.2;
}

/** Clouds are placed by hand, not by turning the pen: stretched stamps are several times cheaper upright. */
function paintDust(scene: Scene, centre: { x: number; y: number }, { radius, formed }: { radius: number; formed: number }): void {
  if (formed <= 0) return;
  const clouds = scatter('galaxy-dust', scene.seed, 54, (random, index) => {
    const reach = 0.12 + 0.84 * ((index % 27) / 27) + between(random, -0.02, 0.02);
    return { reach, angle: (index % ARMS) * (TAU / ARMS) + reach * WIND + between(random, -0.3, 0.3), size: between(random, 0.26, 0.4), colour: reach < 0.3 ? '#ff9ac8' : reach < 0.55 ? '#b06bff' : reach < 0.8 ? '#6d6bff' : '#3f9df5' };
  });
  stamp(scene, glowSprite('#6d45e0'), { ...centre, width: radius * 1.9, height: radius * 1.05, alpha: 0.34 * formed });
  for (const cloud of clouds) {
    const angle = cloud.angle + turnAt(scene, 0.5);
    const { x, y } = discPoint(centre, Math.cos(angle) * cloud.reach * radius, Math.sin(angle) * cloud.reach * TILT * radius);
    stamp(scene, glowSprite(cloud.colour), { x, y, width: cloud.size * radius, height: cloud.size * radius * 0.7, alpha: 0.34 * formed });
  }
}

/** Where a point of the flat, tilted disc lies on the stage. */
function discPoint(centre: { x: number; y: number }, x: number, y: number): { x: number; y: number } {
  return { x: centre.x + x * CANT_COS - y * CANT_SIN, y: centre.y + x * CANT_SIN + y * CANT_COS };
}

function paintCore(scene: Scene, centre: { x: number; y: number }, { radius, formed }: { radius: number; formed: number }): void {
  const breath = 1 + 0.03 * Math.sin(scene.clock_s * 1.8);
  const strength = lerp(0.25, 1, formed) * easeOut(span(scene.t, 0, 0.2));
  stamp(scene, glowSprite('#ff8fd0'), { ...centre, width: radius * 0.9 * breath, height: radius * 0.62 * breath, alpha: 0.45 * strength });
  stamp(scene, glowSprite('#ffd9a0'), { ...centre, width: radius * 0.6 * breath, height: radius * 0.4 * breath, alpha: 0.5 * strength });
  stamp(scene, glowSprite('#ffffff'), { ...centre, width: radius * 0.26 * breath, height: radius * 0.2 * breath, alpha: strength });
}

function makeStars(seed: number): readonly Star[] {
  return scatter('galaxy-stars', seed, 700, (random, index): Star => {
    const bulge = index % 9 === 0;
    const reach = bulge ? random() * 0.34 : 0.1 + 0.9 * random() ** 0.8;
    const spread = (random() + random() - 1) * (index % 7 === 3 ? 3 : lerp(1.25, 0.62, reach)); // one in seven fills the disc between the arms
    const hot = random();
    return {
      reach,
      angle: bulge ? between(random, 0, TAU) : (index % ARMS) * (TAU / ARMS) + reach * WIND + spread,
      lift: (random() + random() - 1) * (bulge ? 0.1 : 0.025),
      size: between(random, 0.8, 2) * (index % 31 === 0 ? 2.1 : bulge ? 0.75 : 1),
      colour: reach < 0.26 ? (hot < 0.5 ? '#ffe3b0' : '#ffd0e6') : hot < 0.4 ? '#c9b3ff' : hot < 0.75 ? '#9fd0ff' : hot < 0.9 ? '#ffb3dc' : '#ffffff',
      arrives: 0.16 + reach * 0.26 + random() * 0.1,
      from_x: between(random, -0.6, 0.6),
      from_y: between(random, -0.6, 0.6),
      phase: between(random, 0, TAU),
    };
  });
}

function paintStars(scene: Scene, centre: { x: number; y: number }, radius: number): void {
  const { unit, width, height, t, clock_s } = scene;
  for (const star of makeStars(scene.seed)) {
    const home = easeInOut(span(t, star.arrives - 0.24, star.arrives));
    const angle = star.angle + turnAt(scene, 0.5) + (1 - home) * 1.8;
    const [flatX, flatY] = [Math.cos(angle) * star.reach * radius, (Math.sin(angle) * star.reach * TILT + star.lift) * radius];
    const seat = discPoint(centre, flatX, flatY);
    const x = lerp(centre.x + star.from_x * width, seat.x, home);
    const y = lerp(centre.y + star.from_y * height, seat.y, home);
    const twinkle = 0.78 + 0.22 * Math.sin(clock_s * 2.4 + star.phase);
    stamp(scene, sparkSprite(star.colour), { x, y, width: star.size * unit, alpha: twinkle * lerp(0.55, 1, home) });
  }
}

function paintShootingStars(scene: Scene): void {
  const { unit, width, height, t } = scene;
  const flights = scatter('galaxy-shooting', scene.seed, 5, (random, index) => ({ starts: 0.34 + index * 0.12, x: between(random, 0.1, 0.9), y: between(random, 0.02, 0.4), angle: between(random, 0.3, 0.7) * (index % 2 === 0 ? 1 : -1) + (index % 2 === 0 ? 0 : Math.PI) }));
  for (const flight of flights) {
    const flown = span(t, flight.starts, flight.starts + 0.1);
    if (flown <= 0 || flown >= 1) continue;
    for (let dot = 0; dot < 30; dot += 1) {
      const along = easeIn(flown) * 0.4 + flown * 0.6 - dot * 0.011;
      if (along <= 0) break;
      const reach = along * unit * 78;
      const place = { x: flight.x * width + Math.cos(flight.angle) * reach, y: flight.y * height + Math.sin(flight.angle) * reach };
      stamp(scene, sparkSprite(pick([tone('gold', 1), tone('sky', 1)], flight.starts * 100)), { ...place, width: unit * 3 * (1 - dot / 32), alpha: (1 - dot / 30) * Math.sin(Math.PI * flown) });
    }
  }
}

/** Near the end the core sends one slow wave of light out along the disc. */
function paintHeartbeat(scene: Scene, centre: { x: number; y: number }, radius: number): void {
  const age = span(scene.t, 0.7, 0.92);
  if (age <= 0 || age >= 1) return;
  const { pen, unit } = scene;
  paintAt(scene, { ...centre, turn: CANT }, () => {
    for (const [lag, colour] of [[0, '#ffe3b0'], [0.08, '#d9b3ff']] as const) {
      const reach = radius * (0.1 + 1.05 * easeOut(clamp(age - lag)));
      setAlpha(scene, Math.sin(Math.PI * clamp(age - lag)) * 0.5);
      pen.strokeStyle = colour;
      pen.lineWidth = unit * 1.1 * (1 - age) + unit * 0.15;
      pen.beginPath();
      pen.ellipse(0, 0, reach, reach * TILT, 0, 0, TAU);
      pen.stroke();
    }
  });
  stamp(scene, glintSprite('#ffffff'), { ...centre, width: radius * 0.5 * Math.sin(Math.PI * age), turn: CANT, alpha: Math.sin(Math.PI * age) });
}
