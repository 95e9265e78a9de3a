/** Where a particle is after `time_s`, thrown with a speed against the air: it slows down, then sinks at a steady pace. */
export interface Throw {
  speed_x: number;
  speed_y: number;
  drag: number;
  gravity: number;
}

export function throwX({ speed_x, drag }: Throw, time_s: number): number {
  return (speed_x / drag) * (1 - Math.exp(-drag * time_s));
}

export function throwY({ speed_y, drag, gravity }: Throw, time_s: number): number {
  const slowed = (1 - Math.exp(-drag * time_s)) / drag;
  return speed_y * slowed + (gravity / drag) * (time_s - slowed);
}

/** A height 1..0 that bounces `bounces` times, each half as high in a time shorter by the root of that. */
export function bounceHeight(t: number, bounces: number): number {
  let [start, length, height] = [0, 1, 1];
  const total = Array.from({ length: bounces + 1 }, (_, index) => Math.SQRT1_2 ** index * (index === 0 ? 0.5 : 1)).reduce((a, b) => a + b);
  const now = t * total;
  for (let bounce = 0; bounce <= bounces; bounce += 1) {
    const duration = length * (bounce === 0 ? 0.5 : 1);
    if (now <= start + duration) {
      const along = bounce === 0 ? 0.5 + (now - start) / (2 * duration) : (now - start) / duration;
      return height * 4 * along * (1 - along);
    }
    start += duration;
    length *= Math.SQRT1_2;
    height *= 0.5;
  }
  return 0;
}
