import { describe, expect, test } from 'vitest';
import { readIpv4, readMac } from '../../base/addresses.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import { getSlot, newKey, setSlot, writeSlot } from '../../flow/key.ts';
import type { HostDevice, HostNetwork } from '../../netdev/host-network.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { ListeningPorts, type TunnelEnd } from './listening-ports.ts';

const mac = '02:00:00:00:00:01';
const vxlan: TunnelEnd = {
  name: 'vxlan_sys_4789',
  dpPort: dpPort(4789),
  protocol: ipProtocol.udp,
  port: 4789,
};
const gre: TunnelEnd = { name: 'gre_sys', dpPort: dpPort(3), protocol: ipProtocol.gre, port: 0 };

function portsOf(...addresses: string[]) {
  const device: { -readonly [K in keyof HostDevice]: HostDevice[K] } = {
    ...{ mac, isLoopback: false, hasCarrier: true },
    addresses: addresses.map((text) => ({ address: readIpv4(text), prefix: 24 })),
  };
  const network: HostNetwork = { device: () => ({ ...device }), routes: () => [], watch: () => {} };
  let changes = 0;
  const ports = new ListeningPorts(network, () => changes++);
  return { ports, device, changes: () => changes };
}

function packet(to: string, protocol: number, port = 0): Uint32Array {
  const key = newKey();
  writeSlot(key, 'eth_dst', readMac(mac));
  setSlot(key, 'eth_type', etherType.ipv4);
  setSlot(key, 'nw_proto', protocol);
  writeSlot(key, 'nw_dst', readIpv4(to));
  setSlot(key, 'tp_dst', port);
  return key;
}

function find(ports: ListeningPorts, key: Uint32Array): DpPort | undefined {
  return ports.find(key, newKey());
}

describe('tunnels listen', () => {
  test('at the addresses of devices that routes lead by', () => {
    const { ports } = portsOf('192.0.2.1', '198.51.100.1');
    ports.add(vxlan);
    ports.add(gre);
    expect(find(ports, packet('192.0.2.1', ipProtocol.udp, 4789))).toBeUndefined();
    ports.addDevice('br0');
    expect(find(ports, packet('192.0.2.1', ipProtocol.udp, 4789))).toBe(4789);
    expect(find(ports, packet('198.51.100.1', ipProtocol.gre))).toBe(3);
    expect(find(ports, packet('192.0.2.2', ipProtocol.gre))).toBeUndefined();
    expect(find(ports, packet('192.0.2.1', ipProtocol.udp, 4790))).toBeUndefined();
    ports.removeDevice('br0');
    expect(find(ports, packet('192.0.2.1', ipProtocol.gre))).toBeUndefined();
  });

  test('for whole packets without a tag', () => {
    const { ports } = portsOf('192.0.2.1');
    ports.add(gre);
    ports.addDevice('br0');
    const fragment = packet('192.0.2.1', ipProtocol.gre);
    setSlot(fragment, 'nw_frag', 1);
    expect(find(ports, fragment)).toBeUndefined();
    const tagged = packet('192.0.2.1', ipProtocol.gre);
    setSlot(tagged, 'vlan_tci', 0x1005);
    expect(find(ports, tagged)).toBeUndefined();
  });

  test('as long as one of those that share a port does', () => {
    const { ports } = portsOf('192.0.2.1');
    ports.addDevice('br0');
    ports.add(gre);
    ports.add(gre);
    expect(ports.ports).toEqual([{ ...gre, userCount: 2 }]);
    ports.remove(gre);
    expect(find(ports, packet('192.0.2.1', ipProtocol.gre))).toBe(3);
    ports.remove(gre);
    expect(find(ports, packet('192.0.2.1', ipProtocol.gre))).toBeUndefined();
    expect(ports.ports).toEqual([]);
  });

  test('at other addresses when a device has these', () => {
    const { ports, device, changes } = portsOf('192.0.2.1');
    ports.add(gre);
    ports.addDevice('br0');
    const before = changes();
    device.addresses = [{ address: readIpv4('203.0.113.1'), prefix: 24 }];
    expect(find(ports, packet('192.0.2.1', ipProtocol.gre))).toBe(3);
    ports.deviceChanged('br0');
    expect(find(ports, packet('192.0.2.1', ipProtocol.gre))).toBeUndefined();
    expect(find(ports, packet('203.0.113.1', ipProtocol.gre))).toBe(3);
    expect(changes()).toBeGreaterThan(before);
    device.isLoopback = true;
    ports.deviceChanged('br0');
    expect(find(ports, packet('203.0.113.1', ipProtocol.gre))).toBeUndefined();
  });

  test('and depend on no more of a packet than what ruled it out', () => {
    const { ports } = portsOf('192.0.2.1');
    ports.add(vxlan);
    ports.addDevice('br0');
    const mask = newKey();
    ports.find(packet('192.0.2.9', ipProtocol.udp, 4789), mask);
    expect(getSlot(mask, 'nw_dst')).toBe(0xffffffff);
    expect(getSlot(mask, 'tp_dst')).toBe(0);
  });
});
