/** Floods of messages that a switch itself reads: valid ones that always say something new, and damaged ones. */
import { formatMac, readMac } from '../../src/base/addresses.ts';
import type { Random } from '../../src/base/random.ts';
import { emitBfdFrame } from '../../src/ofproto/monitoring/frames.ts';
import {
  defaultBfdDestination,
  defaultBfdSource,
  type PortBfd,
} from '../../src/ofproto/monitoring/monitoring-config.ts';
import { defaultBfdSettings } from '../../src/protocols/bfd-types.ts';
import { bfdControlSize, bfdDiagnostics, bfdStates, bfdVersion } from '../../src/wire/bfd.ts';
import { bridgeId, emitBpduFrame } from '../../src/wire/bpdu.ts';
import { emitCcm, maidSize } from '../../src/wire/ccm.ts';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { etherType } from '../../src/wire/ethernet.ts';
import { emitIgmp } from '../../src/wire/igmp.ts';
import { ipProtocol, ipv4 } from '../../src/wire/ip.ts';
import { emitLacp, type LacpEnd, slowProtocolsAddress } from '../../src/wire/lacp.ts';
import { chassisIdMac, emitLldp, lldpAddress, portIdInterfaceName } from '../../src/wire/lldp.ts';
import { frameOf, newFrame } from '../../src/wire/new-frame.ts';

export type FloodKind = 'BPDU' | 'LACP' | 'IGMP' | 'BFD' | 'CFM' | 'LLDP';

/** What floods a switch whose port speaks BFD as these settings have it. */
export const floodedBfd: PortBfd = {
  ...{ ...defaultBfdSettings, minRx: 100, checksTunnelKey: false, isOam: false, unusableAddresses: [] },
  ...{ localSource: undefined, localDestination: undefined, remoteDestination: undefined },
  ...{ source: defaultBfdSource, destination: defaultBfdDestination },
};

/** What names the association of continuity checks: "ovs", twice. */
const maid = new Uint8Array(maidSize);
maid.set(Buffer.from('\x04\x03ovs\x02\x03ovs', 'latin1'));

/** Makes frames of one flood, for ever. */
export class Flood {
  readonly #kind: FloodKind;
  readonly #random: Random;
  #sequence = 0;

  constructor(kind: FloodKind, random: Random) {
    this.#kind = kind;
    this.#random = random;
  }

  /** One of four is damaged. */
  next(): Uint8Array {
    const frame = this.#valid();
    if (this.#below(4) === 0) this.#damage(frame);
    return frame;
  }

  #valid(): Uint8Array {
    this.#sequence++;
    switch (this.#kind) {
      case 'BPDU':
        return this.#bpdu();
      case 'LACP': {
        const unit = { actor: this.#lacpEnd(), partner: this.#lacpEnd() };
        const header = { dst: readMac(slowProtocolsAddress), src: this.#mac(), type: etherType.slow };
        return frameOf(header, emitLacp(unit));
      }
      case 'IGMP':
        return this.#igmp();
      case 'BFD':
        return this.#bfd();
      case 'CFM':
        return this.#ccm();
      case 'LLDP': {
        const header = { dst: readMac(lldpAddress), src: this.#mac(), type: etherType.lldp };
        const chassis = { subtype: chassisIdMac, bytes: this.#mac() };
        const port = { subtype: portIdInterfaceName, bytes: Buffer.from(`p${this.#below(1000)}`) };
        return frameOf(header, emitLldp({ chassis, port, ttl: this.#below(300), assignments: [] }));
      }
    }
  }

  #bpdu(): Uint8Array {
    const id = (): string => bridgeId(this.#below(16) << 12, formatMac(this.#mac()));
    const source = formatMac(this.#mac());
    if (this.#below(8) === 0) return emitBpduFrame({ type: 'notification' }, source);
    const said = {
      ...{ flags: this.#below(256), rootId: id(), rootPathCost: this.#below(200_000), bridgeId: id() },
      ...{ portId: 0x8000 | this.#below(256), messageAge: 256 * this.#below(25) },
      ...{ maxAge: 20 * 256, helloTime: 2 * 256, forwardDelay: 15 * 256 },
    };
    return emitBpduFrame({ type: this.#below(2) === 0 ? 'configuration' : 'rapid', ...said }, source);
  }

  #lacpEnd(): LacpEnd {
    return {
      systemPriority: this.#below(0x10000),
      systemId: formatMac(this.#mac()),
      key: this.#below(0x10000),
      portPriority: this.#below(0x10000),
      portId: this.#below(0x10000),
      state: this.#below(256),
    };
  }

  /** Reports of any group, and some that leave. A query would make a router of the port, of which no more is learned. */
  #igmp(): Uint8Array {
    const group = [239, this.#below(256), this.#below(256), this.#below(256)].join('.');
    const isLeave = this.#below(4) === 0;
    const message = emitIgmp(isLeave ? { type: 'leave', group } : { type: 'report', version: 2, group });
    const src = Uint8Array.of(2, 0, 0, 0, 1, this.#below(64)); // an address more would be a flow more
    const header = { dst: Uint8Array.of(1, 0, 0x5e, 0, 0, 1), src, type: etherType.ipv4 };
    const { frame, view, at } = newFrame(header, ipv4.size + message.length);
    const { set } = ipv4;
    set.versionLength(view, at, 0x45);
    set.totalSize(view, at, ipv4.size + message.length);
    set.ttl(view, at, 1);
    set.protocol(view, at, ipProtocol.igmp);
    set.src(view, at, 0x0a000000 | this.#below(0x10000));
    set.dst(view, at, 0xe0000001);
    set.checksum(view, at, internetChecksum(view, at, ipv4.size));
    frame.set(message, at + ipv4.size);
    return frame;
  }

  #bfd(): Uint8Array {
    const message = {
      ...{ version: bfdVersion, size: bfdControlSize, minEchoRx: 0, multiplier: 1 + this.#below(255) },
      ...{ diagnostic: bfdDiagnostics[this.#below(bfdDiagnostics.length)] ?? 'No Diagnostic' },
      ...{ state: bfdStates[this.#below(4)] ?? 'down', flags: this.#below(2) << 5 },
      ...{ myDiscriminator: 1 + this.#below(1000), yourDiscriminator: 0 },
      ...{ minTx: 1000 * this.#below(1000), minRx: 1000 * this.#below(1000) },
    };
    return emitBfdFrame(message, formatMac(this.#mac()), floodedBfd, 49152 + this.#below(1000));
  }

  #ccm(): Uint8Array {
    const header = { dst: readMac('01:80:c2:00:00:30'), src: this.#mac(), type: etherType.cfm };
    const said = {
      ...{ interval: this.#below(8), hasDefect: this.#below(2) === 0, sequence: this.#sequence, maid },
      ...{ mpid: 1 + this.#below(8191), extendedInterval: 0, extendedMpid: 0n, isDown: false },
    };
    return frameOf(header, emitCcm(said));
  }

  /** Some byte behind the Ethernet header is another, or the end is missing. */
  #damage(frame: Uint8Array): void {
    const at = 14 + this.#below(frame.length - 14);
    if (this.#below(2) === 0) frame[at] = this.#below(256);
    else frame.fill(0, at);
  }

  #mac(): Uint8Array {
    return Uint8Array.of(2, 0, ...Array.from({ length: 4 }, () => this.#below(256)));
  }

  #below(end: number): number {
    return this.#random.u32() % end;
  }
}
