import { describe, expect, test } from 'vitest';
import { readIpv4, readMac } from '../../base/addresses.ts';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { formatHostAddress, type HostAddress, hostAddress } from './host-address.ts';
import { NeighbourCache } from './neighbour-cache.ts';

const one: HostAddress = hostAddress(readIpv4('192.0.2.1'));
const two: HostAddress = hostAddress(readIpv4('192.0.2.2'));
const macA = readMac('02:00:00:00:00:0a');
const macB = readMac('02:00:00:00:00:0b');

function cacheOf() {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const told: string[] = [];
  const cache = new NeighbourCache(timers, (bridge, address) =>
    told.push(`${bridge} ${formatHostAddress(address)}`),
  );
  const advance = (seconds: number): void => {
    for (let n = 0; n < seconds; n++) {
      clock.advance(ms(1000));
      timers.run();
    }
  };
  const known = (): string[] =>
    Array.from(
      { [Symbol.iterator]: () => cache[Symbol.iterator]() },
      ({ bridge, address }) => `${bridge} ${formatHostAddress(address)}`,
    );
  return { cache, told, advance, known };
}

describe('neighbours', () => {
  test('are those of one bridge', () => {
    const { cache, told } = cacheOf();
    cache.set('br0', one, macA);
    expect(cache.find('br0', one)).toEqual(macA);
    expect(cache.find('br1', one)).toBeUndefined();
    cache.set('br0', one, macA);
    expect(told).toEqual(['br0 192.0.2.1']);
    cache.set('br0', one, macB);
    expect(cache.find('br0', one)).toEqual(macB);
    expect(told).toHaveLength(2);
  });

  test('are forgotten a quarter of an hour after they were used last', () => {
    const { cache, told, advance, known } = cacheOf();
    cache.set('br0', one, macA);
    cache.set('br0', two, macB);
    advance(600);
    expect(cache.find('br0', one)).toEqual(macA);
    advance(300);
    expect(known()).toEqual(['br0 192.0.2.1']);
    expect(told.at(-1)).toBe('br0 192.0.2.2');
    advance(599);
    expect(known()).toEqual(['br0 192.0.2.1']);
    advance(1);
    expect(known()).toEqual([]);
  });

  test('live no longer than a shorter age that is set meanwhile', () => {
    const { cache, advance, known } = cacheOf();
    cache.set('br0', one, macA);
    cache.age = 5000;
    cache.set('br0', two, macB);
    advance(4);
    expect(known()).toHaveLength(2);
    advance(1);
    expect(known()).toEqual([]);
    cache.age = 10_000;
    cache.set('br0', one, macA);
    advance(9);
    expect(cache.find('br0', one)).toEqual(macA);
  });

  test('of a bridge, or all, are flushed', () => {
    const { cache, known } = cacheOf();
    cache.set('br0', one, macA);
    cache.set('br1', one, macA);
    cache.flush('br0');
    expect(known()).toEqual(['br1 192.0.2.1']);
    cache.flush();
    expect(known()).toEqual([]);
  });

  test('make room for new ones, the oldest first', () => {
    const { cache, known } = cacheOf();
    const address = (n: number): HostAddress => hostAddress([10, n >> 16, (n >> 8) & 255, n & 255]);
    for (let n = 0; n < 20_000; n++) cache.set('br0', address(n), macA);
    expect(known()).toHaveLength(16_384);
    expect(cache.find('br0', address(0))).toBeUndefined();
    expect(cache.find('br0', address(19_999))).toEqual(macA);
  });
});
