/**
 * Which packets are ends of tunnels of this host: those to an address of a device that routes lead by, and with the
 * protocol and the UDP port of a tunnel. Fragments are not.
 */
import { isDeepStrictEqual } from 'node:util';
import { readMac } from '../../base/addresses.ts';
import type { DpPort } from '../../base/units.ts';
import { Classifier } from '../../flow/classifier.ts';
import { ClassifierRule } from '../../flow/classifier-rule.ts';
import { maskSlot, newKey, setSlot, writeSlot } from '../../flow/key.ts';
import { type Match, packMatch } from '../../flow/match.ts';
import type { HostDevice, HostNetwork } from '../../netdev/host-network.ts';
import type { TunnelType } from '../../netdev/tunnel/tunnel-config.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';

/** A port of a datapath that tunnels share. */
export interface TunnelEnd {
  readonly name: string;
  readonly dpPort: DpPort;
  readonly protocol: number;
  /** Of UDP; 0 for tunnels without. */
  readonly port: number;
}

export interface ListeningPort extends TunnelEnd {
  /** Tunnels that share it. */
  readonly userCount: number;
}

type SharedEnd = { -readonly [K in keyof ListeningPort]: ListeningPort[K] };

/** A port at an address. Several devices with the same addresses share it. */
export class ListeningAddress extends ClassifierRule {
  readonly name: string;
  readonly dpPort: DpPort;
  userCount = 1;

  constructor({ name, dpPort }: TunnelEnd) {
    super(0);
    this.name = name;
    this.dpPort = dpPort;
  }
}

const version = 0;

const protocols: Readonly<Partial<Record<TunnelType, number>>> = {
  geneve: ipProtocol.udp,
  vxlan: ipProtocol.udp,
  gtpu: ipProtocol.udp,
  stt: ipProtocol.tcp,
  gre: ipProtocol.gre,
  ip6gre: ipProtocol.gre,
  erspan: ipProtocol.gre,
  ip6erspan: ipProtocol.gre,
};

/** Of IP; 0 for tunnels whose packets no bridge takes in itself. */
export function protocolOf(type: TunnelType): number {
  return protocols[type] ?? 0;
}

export class ListeningPorts {
  readonly #network: HostNetwork;
  readonly #changed: () => void;
  readonly #ports: SharedEnd[] = [];
  /** As they were when what is listened on was derived from them. */
  readonly #devices = new Map<string, HostDevice>();
  readonly #addresses = new Classifier<ListeningAddress>();

  constructor(network: HostNetwork, changed: () => void) {
    this.#network = network;
    this.#changed = changed;
    this.#addresses.setPrefixes([]);
  }

  get ports(): readonly ListeningPort[] {
    return this.#ports;
  }

  /** Each with its match. */
  *addresses(): IterableIterator<readonly [ListeningAddress, Match]> {
    for (const one of this.#addresses) {
      const match = this.#addresses.matchOf(one);
      if (match !== undefined) yield [one, match];
    }
  }

  /** One more tunnel has that port. */
  add(end: TunnelEnd): void {
    const present = this.#find(end);
    if (present !== undefined) {
      present.userCount++;
      return;
    }
    this.#ports.push({ ...end, userCount: 1 });
    for (const device of this.#devices.values()) this.#listen(device, end);
    this.#changed();
  }

  remove(end: TunnelEnd): void {
    const present = this.#find(end);
    if (present === undefined || --present.userCount > 0) return;
    this.#ports.splice(this.#ports.indexOf(present), 1);
    for (const device of this.#devices.values()) this.#stopListening(device, present);
    this.#changed();
  }

  /** Packets of tunnels may be sent by the device, and so may come by it. What is known of it already may be old. */
  addDevice(name: string): void {
    const known = this.#devices.get(name);
    if (known !== undefined && isDeepStrictEqual(known, this.#network.device(name))) return;
    this.removeDevice(name);
    this.#readDevice(name);
  }

  removeDevice(name: string): void {
    const device = this.#devices.get(name);
    if (device === undefined) return;
    this.#devices.delete(name);
    for (const port of this.#ports) this.#stopListening(device, port);
    this.#changed();
  }

  deviceChanged(name: string): void {
    if (this.#devices.has(name)) this.addDevice(name);
  }

  /** Which port the packet ends at, if any; the bits that decided are set in `mask`. */
  find(flow: Uint32Array, mask: Uint32Array): DpPort | undefined {
    return this.#addresses.lookup(flow, version, mask)?.dpPort;
  }

  #readDevice(name: string): void {
    const device = this.#network.device(name);
    if (
      device === undefined ||
      device.isLoopback ||
      device.mac === undefined ||
      device.addresses.length === 0
    )
      return;
    this.#devices.set(name, device);
    for (const port of this.#ports) this.#listen(device, port);
    this.#changed();
  }

  #find({ dpPort, protocol }: TunnelEnd): SharedEnd | undefined {
    return this.#ports.find((port) => port.dpPort === dpPort && port.protocol === protocol);
  }

  #listen(device: HostDevice, end: TunnelEnd): void {
    for (const match of matchesOf(device, end)) {
      const present = this.#addresses.find(match, 0, version);
      if (present === undefined) this.#addresses.insert(new ListeningAddress(end), match);
      else present.userCount++;
    }
  }

  #stopListening(device: HostDevice, end: TunnelEnd): void {
    for (const match of matchesOf(device, end)) {
      const present = this.#addresses.find(match, 0, version);
      if (present !== undefined && --present.userCount === 0) this.#addresses.remove(present);
    }
  }
}

/** Whole packets without a tag, to each of the device's addresses. */
function matchesOf({ mac = '', addresses }: HostDevice, { protocol, port }: TunnelEnd): Match[] {
  return addresses.map(({ address }) => {
    const isIpv4 = address.length === 4;
    const key = newKey();
    const mask = newKey();
    const slot = isIpv4 ? 'nw_dst' : 'ipv6_dst';
    writeSlot(key, 'eth_dst', readMac(mac));
    setSlot(key, 'eth_type', isIpv4 ? etherType.ipv4 : etherType.ipv6);
    setSlot(key, 'nw_proto', protocol);
    writeSlot(key, slot, address);
    for (const whole of ['eth_dst', 'eth_type', 'nw_proto', slot, 'vlan_tci'] as const) maskSlot(mask, whole);
    setSlot(mask, 'nw_frag', anyFragment);
    if (port !== 0) {
      setSlot(key, 'tp_dst', port);
      maskSlot(mask, 'tp_dst');
    }
    return packMatch(key, mask);
  });
}

const anyFragment = 3;
