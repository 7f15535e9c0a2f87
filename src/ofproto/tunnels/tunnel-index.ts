/**
 * Which tunnel a packet came through: of those that its headers fit, the one that says most about them. A tunnel on one
 * key comes before one on any, then one on one address of the other end, then one on one of this end; and one for just
 * this kind of packets before one for all.
 */
import { errnos, syscallFailed } from '../../base/errno.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { hexOrZero } from '../../base/numbers.ts';
import { formatMatch } from '../../flow/format-match.ts';
import { getSlot, isTyped, readSlot } from '../../flow/key.ts';
import { packetMask } from '../../flow/packet-mask.ts';
import { slots } from '../../flow/slots.ts';
import { formatAddress } from '../../netdev/tunnel/show-options.ts';
import {
  byFlow,
  type PacketMode,
  type TunnelAddress,
  type TunnelConfig,
} from '../../netdev/tunnel/tunnel-config.ts';
import { portText } from '../../openflow/ports.ts';
import type { OfprotoPort } from '../port.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';

const log = logger('tunnel');
const notFound = new LimitedSite({ perMinute: 1, burst: 5 });

/** A tunnel, and what it was found under. */
interface Entry extends PortOfSwitch {
  readonly name: string;
  readonly tunnel: TunnelConfig;
}

/** What tunnels say of an address: one, any, or that flows match on it. */
const ways = {
  key: ['one', byFlow],
  remote: ['one', byFlow],
  local: ['one', 'any', byFlow],
} as const;

export class TunnelIndex {
  readonly #byName = new Map<string, Entry>();
  readonly #ofPort = new Map<OfprotoPort, Entry>();

  /** Throws SyscallFailed EEXIST where another one has all packets that it would have. */
  add({ ofproto, port }: PortOfSwitch): void {
    const { tunnel, dpPort } = port;
    if (tunnel === undefined || dpPort === undefined) throw new Error(`${port.name} is no tunnel`);
    const name = nameOf(tunnel, dpPort);
    const present = this.#byName.get(name);
    if (present !== undefined) {
      const what = describeTunnel(tunnel, dpPort);
      log.warn(
        `${port.name}: attempting to add tunnel port with same config as port '${present.port.name}' (${what})`,
      );
      throw syscallFailed('add', errnos.EEXIST, `${port.name}: ${present.port.name} is the same tunnel`);
    }
    const entry = { ofproto, port, name, tunnel };
    this.#byName.set(name, entry);
    this.#ofPort.set(port, entry);
  }

  /** False when it was not there. */
  remove(port: OfprotoPort): boolean {
    const entry = this.#ofPort.get(port);
    if (entry === undefined) return false;
    this.#ofPort.delete(port);
    this.#byName.delete(entry.name);
    return true;
  }

  /** No other one has all packets that it would have. */
  hasRoomFor({ tunnel, dpPort }: OfprotoPort): boolean {
    return tunnel !== undefined && dpPort !== undefined && !this.#byName.has(nameOf(tunnel, dpPort));
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  find(key: Uint32Array): PortOfSwitch | undefined {
    const found = this.#search(key);
    if (found === undefined)
      log.limited('warn', notFound, () => `receive tunnel port not found (${describePacket(key)})`);
    return found;
  }

  [Symbol.iterator](): Iterator<PortOfSwitch> {
    return this.#ofPort.values();
  }

  #search(key: Uint32Array): PortOfSwitch | undefined {
    if (this.isEmpty) return undefined;
    const [id, source, destination] = [idOf(key), addressIn(key, 'src'), addressIn(key, 'dst')];
    const isBare = isTyped(key);
    const [own, other] = isBare
      ? (['legacy_l3', 'legacy_l2'] as const)
      : (['legacy_l2', 'legacy_l3'] as const);
    // What comes back may have got an Ethernet header meanwhile, or lost it.
    const modes: readonly PacketMode[] = [own, 'ptap', ...(getSlot(key, 'recirc_id') === 0 ? [] : [other])];
    for (const byKey of ways.key)
      for (const byRemote of ways.remote)
        for (const byLocal of ways.local)
          for (const mode of modes) {
            const found = this.#byName.get(
              joined([
                key[slots.in_port.word] ?? 0,
                byKey === 'one' ? id : byFlow,
                byRemote === 'one' ? source : byFlow,
                byLocal === 'one' ? destination : byLocal,
                mode,
              ]),
            );
            if (found !== undefined) return found;
          }
    return undefined;
  }
}

function nameOf({ inKey, remote, local, mode }: TunnelConfig, dpPort: number): string {
  return joined([
    dpPort,
    inKey === byFlow ? byFlow : `${inKey ?? 0n}`,
    formatAddress(remote),
    local === undefined ? 'any' : formatAddress(local),
    mode,
  ]);
}

function joined(parts: readonly (string | number)[]): string {
  return parts.join(' ');
}

function idOf(key: Uint32Array): string {
  const { word } = slots.tun_id;
  return `${(BigInt(key[word] ?? 0) << 32n) | BigInt(key[word + 1] ?? 0)}`;
}

function addressIn(key: Uint32Array, end: 'src' | 'dst'): string {
  const isIpv4 = getSlot(key, 'tun_dst') !== 0;
  const address: TunnelAddress = readSlot(key, isIpv4 ? `tun_${end}` : `tun_ipv6_${end}`);
  return formatAddress(address);
}

function describePacket(key: Uint32Array): string {
  return formatMatch(key, packetMask(key), { ports: portText });
}

/** "1.1.1.1->2.2.2.2, key=0x5, legacy_l2, dp port=1" */
export function describeTunnel({ inKey, remote, local, mode }: TunnelConfig, dpPort: number): string {
  const ends = [local === undefined ? '::' : formatAddress(local), formatAddress(remote)].join('->');
  const key = inKey === byFlow ? byFlow : hexOrZero(inKey ?? 0n);
  return `${ends}, key=${key}, ${mode}, dp port=${dpPort}`;
}
