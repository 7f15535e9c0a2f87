import { describe, expect, test } from 'vitest';
import { readIpv4, readIpv6 } from '../../base/addresses.ts';
import type { HostNetwork, HostRoute } from '../../netdev/host-network.ts';
import { formatHostAddress, type HostAddress, hostAddress, mappedBits } from './host-address.ts';
import { RouteTable } from './route-table.ts';

const at = (text: string): HostAddress => hostAddress(text.includes(':') ? readIpv6(text) : readIpv4(text));

function networkOf(devices: Record<string, [string, number][]>, routes: HostRoute[] = []): HostNetwork {
  return {
    device: (name) => {
      const addresses = devices[name]?.map(([text, prefix]) => ({
        address: text.includes(':') ? readIpv6(text) : readIpv4(text),
        prefix,
      }));
      return addresses && { mac: '02:00:00:00:00:01', isLoopback: false, hasCarrier: true, addresses };
    },
    routes: () => routes,
    watch: () => {},
  };
}

const devices = {
  br0: [
    ['192.0.2.1', 24],
    ['192.0.2.129', 25],
    ['2001:db8::1', 64],
  ] as [string, number][],
  br1: [['198.51.100.1', 24]] as [string, number][],
};

function tableOf(routes: HostRoute[] = []) {
  const told: string[] = [];
  const table = new RouteTable(networkOf(devices, routes), {
    deviceUsed: (device) => told.push(`+${device}`),
    deviceUnused: (device) => told.push(`-${device}`),
    changed: () => told.push('changed'),
  });
  return { table, told };
}

const route = (network: string, bits: number, device: string, gateway?: string, mark = 0) => ({
  destination: at(network),
  prefix: network.includes(':') ? bits : bits + mappedBits,
  device,
  gateway: gateway === undefined ? undefined : at(gateway),
  mark,
});

const hostRoute = (network: string, prefix: number, device: string, isLocal = false): HostRoute => ({
  destination: readIpv4(network),
  prefix,
  device,
  gateway: undefined,
  isLocal,
  mark: 0,
});

const find = (table: RouteTable, to: string, mark = 0, source?: string): string | undefined => {
  const way = table.find(at(to), mark, source === undefined ? undefined : at(source));
  return way && `${way.device} from ${formatHostAddress(way.source)}`;
};

describe('routes', () => {
  test('of the longest prefix win', () => {
    const { table } = tableOf();
    table.add(route('192.0.2.0', 24, 'br0'));
    table.add(route('0.0.0.0', 0, 'br1', '198.51.100.254'));
    table.add(route('192.0.2.77', 32, 'br1', '198.51.100.254'));
    expect(find(table, '192.0.2.9')).toBe('br0 from 192.0.2.1');
    expect(find(table, '192.0.2.77')).toBe('br1 from 198.51.100.1');
    expect(find(table, '203.0.113.1')).toBe('br1 from 198.51.100.1');
    expect(find(table, '2001:db8::9')).toBeUndefined();
  });

  test('are for packets of one mark', () => {
    const { table } = tableOf();
    table.add(route('192.0.2.0', 24, 'br0'));
    table.add(route('192.0.2.0', 24, 'br1', '198.51.100.254', 7));
    expect(find(table, '192.0.2.9')).toBe('br0 from 192.0.2.1');
    expect(find(table, '192.0.2.9', 7)).toBe('br1 from 198.51.100.1');
    expect(find(table, '192.0.2.9', 8)).toBeUndefined();
  });

  test('of users come before those of the host, and those to the host before both', () => {
    const { table } = tableOf([
      hostRoute('192.0.2.0', 24, 'br0'),
      hostRoute('192.0.2.1', 32, 'br0', true),
      hostRoute('198.51.100.0', 24, 'br1'),
    ]);
    table.add(route('192.0.2.0', 16, 'br1', '198.51.100.254'));
    expect(find(table, '192.0.2.9')).toBe('br1 from 198.51.100.1');
    table.add(route('192.0.2.1', 32, 'br1', '198.51.100.254'));
    expect(table.find(at('192.0.2.1'), 0)).toMatchObject({ device: 'br0' });
  });

  test('send from the address of the smallest network that the destination or the gateway is in', () => {
    const { table } = tableOf();
    expect(table.add(route('192.0.2.200', 32, 'br0'))).toBe(true);
    expect(find(table, '192.0.2.200')).toBe('br0 from 192.0.2.129');
    expect(table.add(route('2001:db8:1::', 48, 'br0', '2001:db8::7'))).toBe(true);
    expect(find(table, '2001:db8:1::5')).toBe('br0 from 2001:db8::1');
    expect(table.add(route('203.0.113.0', 24, 'br0'))).toBe(false);
    expect(table.add(route('203.0.113.0', 24, 'nosuch'))).toBe(false);
  });

  test('are used from a given address only where that is the host its own', () => {
    const { table } = tableOf([hostRoute('192.0.2.1', 32, 'br0', true)]);
    table.add(route('192.0.2.0', 24, 'br0'));
    expect(find(table, '192.0.2.9', 0, '192.0.2.1')).toBe('br0 from 192.0.2.1');
    expect(find(table, '192.0.2.9', 0, '192.0.2.2')).toBeUndefined();
  });

  test('of the host are read again after they changed, and those of users stay', () => {
    const routes = [hostRoute('192.0.2.0', 24, 'br0')];
    const { table, told } = tableOf(routes);
    table.add(route('203.0.113.0', 24, 'br0', '192.0.2.100'));
    expect(told).toEqual(['+br0', 'changed', '+br0', 'changed']);
    routes.splice(0, 1, hostRoute('198.51.100.0', 24, 'br1'));
    expect(find(table, '192.0.2.9')).toBe('br0 from 192.0.2.1');
    table.hostChanged();
    expect(find(table, '192.0.2.9')).toBeUndefined();
    expect(find(table, '198.51.100.9')).toBe('br1 from 198.51.100.1');
    expect(find(table, '203.0.113.9')).toBe('br0 from 192.0.2.1');
    expect(told.slice(4)).toEqual(['+br1', 'changed']);
    table.remove(route('203.0.113.0', 24, 'br0'));
    expect(told.slice(6)).toEqual(['-br0', 'changed']);
  });

  test('are replaced by those to the same destinations, and removed', () => {
    const { table } = tableOf();
    table.add(route('203.0.113.0', 24, 'br0', '192.0.2.100'));
    table.add(route('203.0.113.9', 24, 'br1', '198.51.100.254'));
    expect([...{ [Symbol.iterator]: () => table[Symbol.iterator]() }]).toHaveLength(1);
    expect(find(table, '203.0.113.1')).toBe('br1 from 198.51.100.1');
    expect(table.remove(route('203.0.113.0', 24, 'br1'))).toBe(true);
    expect(table.remove(route('203.0.113.0', 24, 'br1'))).toBe(false);
    expect(find(table, '203.0.113.1')).toBeUndefined();
  });
});
