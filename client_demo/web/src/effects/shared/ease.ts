export const TAU = Math.PI * 2;

export function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

export function lerp(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** How far `t` has come from `start` to `end`, 0..1. */
export function span(t: number, start: number, end: number): number {
  return clamp((t - start) / (end - start));
}

export function easeIn(t: number): number {
  return t * t * t;
}

export function easeOut(t: number): number {
  return 1 - (1 - t) ** 3;
}

export function easeInOut(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Arrives past the goal and settles back; 1.70158 gives the classic tenth of overshoot. */
export function overshoot(t: number): number {
  const back = 1.70158;
  return 1 + (back + 1) * (t - 1) ** 3 + back * (t - 1) ** 2;
}

/** Rises smoothly from `start` to `peak`, falls smoothly to `end`. */
export function swell(t: number, start: number, peak: number, end: number): number {
  return t < peak ? easeInOut(span(t, start, peak)) : 1 - easeInOut(span(t, peak, end));
}

/** 0 outside, 1 inside `start`..`end`, with soft shoulders of length `edge`. */
export function plateau(t: number, start: number, end: number, edge: number): number {
  return easeInOut(span(t, start, start + edge)) * (1 - easeInOut(span(t, end - edge, end)));
}
