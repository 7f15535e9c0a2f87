/** How fast the link of a port is. */
import type { LinkMode } from '../netdev/provider.ts';
import type { OfprotoPort } from './port.ts';

/** Mb/s that are assumed where nobody knows. */
const usualSpeed = 10_000;

/** Mb/s */
export function portSpeed({ netdev }: OfprotoPort): number {
  return highestSpeed(netdev.state.linkModes?.current ?? []) || usualSpeed;
}

/** Mb/s; 0 where no mode has a speed. */
export function highestSpeed(modes: readonly LinkMode[]): number {
  return Math.max(0, ...modes.map((mode) => Number.parseInt(mode, 10) || 0));
}
