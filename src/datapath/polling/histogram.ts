/** How often values fell into each of a row of ranges: what threads that poll count of their rounds. */

export const binCount = 32;

export class Histogram {
  /** The highest value of each bin but the last, which takes all that is higher. */
  readonly walls: readonly number[];
  readonly counts = new Array<number>(binCount).fill(0);

  constructor(walls: readonly number[]) {
    this.walls = walls;
  }

  add(value: number): void {
    const { walls, counts } = this;
    let bin = 0;
    while (bin < walls.length && value > (walls[bin] ?? 0)) bin++;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }

  clear(): void {
    this.counts.fill(0);
  }
}

/** As many values between them as between any others next to each other. */
export function evenWalls(min: number, max: number): number[] {
  const steps = binCount - 2;
  return Array.from({ length: binCount - 1 }, (_, n) => min + Math.floor((n * (max - min)) / steps));
}

/** Each about so many times the one before; from 0 they begin with 0 and 1. Whole numbers, ascending. */
export function growingWalls(min: number, max: number): number[] {
  const walls: number[] = min === 0 ? [0] : [];
  const first = Math.max(1, min);
  const steps = binCount - 2 - walls.length;
  const step = (Math.log(max) - Math.log(first)) / steps;
  for (let n = 0; n <= steps; n++) {
    const wall = Math.floor(Math.exp(Math.log(first) + n * step));
    walls.push(Math.max(wall, (walls.at(-1) ?? -1) + 1));
  }
  walls[walls.length - 1] = max;
  return walls;
}
