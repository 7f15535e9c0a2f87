/** The mirrors of a switch: which packets each copies, and where to. ovs-vswitchd.conf.db(5), Mirror. */
import { isDeepStrictEqual } from 'node:util';
import { logger } from '../../base/log.ts';
import type { Uuid } from '../../base/units.ts';
import { VlanSet } from '../vlan-set.ts';

const log = logger('ofproto_dpif_mirror');

/** Each has a bit of a word. */
const limit = 32;

/** A row of Mirror. Ports are told by their names. */
export interface MirrorConfig {
  /** Unlike that of any other mirror of the switch. */
  readonly id: Uuid;
  readonly name: string;
  /** Ports that packets come in by. */
  readonly sources: PortSelection;
  /** Ports that packets go out by. */
  readonly destinations: PortSelection;
  /** Of packets inside the switch; none selects all. */
  readonly vlans: readonly number[];
  readonly output: { readonly port: string } | { readonly vlan: number };
  /**
   * Bytes of each packet that are sent; 0 for all.
   * Differs: another snaplen of a mirror holds at once; with the reference, flows that are in the datapath go on with that before.
   */
  readonly snapLength: number;
}

type PortSelection = 'all' | ReadonlySet<string>;

export class PacketMirror {
  config: MirrorConfig;
  /** In masks of mirrors. */
  readonly bit: number;
  /** The mirrors that send to the same place: what one of them has sent no other sends again. */
  duplicates: number;
  /** Undefined for all. */
  vlans: VlanSet | undefined;
  /** Packets and bytes that were selected. */
  packetCount = 0;
  byteCount = 0;

  constructor(config: MirrorConfig, bit: number) {
    this.config = config;
    this.bit = bit;
    this.duplicates = bit;
    this.configure(config);
  }

  configure(config: MirrorConfig): void {
    this.config = config;
    this.vlans = config.vlans.length === 0 ? undefined : new VlanSet(config.vlans);
  }

  /** Takes packets in that come in, or go out, by the port of that name. */
  selects(direction: 'sources' | 'destinations', name: string): boolean {
    const ports = this.config[direction];
    return ports === 'all' || ports.has(name);
  }

  credit(packets: number, bytes: number): void {
    this.packetCount += packets;
    this.byteCount += bytes;
  }
}

export class MirrorSet {
  #mirrors: readonly PacketMirror[] = [];
  #configs: readonly MirrorConfig[] = [];
  /** Ports that are there for what is mirrored, and for nothing else. */
  #outputs: ReadonlySet<string> = new Set();

  /** By their bits. */
  get all(): readonly PacketMirror[] {
    return this.#mirrors;
  }

  get isEmpty(): boolean {
    return this.#mirrors.length === 0;
  }

  /** Is that port, or any of that name, reserved for what is mirrored? */
  isOutput({ name }: { readonly name: string }): boolean {
    return this.#outputs.has(name);
  }

  /** Why a packet that comes in by that port is dropped; undefined where it is not. */
  refusal(bundle: { readonly name: string }): string | undefined {
    if (!this.isOutput(bundle)) return undefined;
    return `dropping packet received on port ${bundle.name}, which is reserved exclusively for mirroring`;
  }

  /** Mirrors that stay keep their counts. True when something changed. */
  configure(configs: readonly MirrorConfig[]): boolean {
    if (isDeepStrictEqual(configs, this.#configs)) return false;
    this.#configs = configs;
    const known = new Map(this.#mirrors.map((mirror) => [mirror.config.id, mirror]));
    const kept = configs.flatMap(({ id }) => known.get(id) ?? []);
    let taken = kept.reduce((bits, { bit }) => bits | bit, 0);
    const mirrors: PacketMirror[] = [];
    for (const config of configs) {
      let mirror = known.get(config.id);
      const bit = ~taken & -~taken; // the lowest that is free, 0 for none
      if (mirror === undefined && bit === 0) {
        log.warn(`maximum of ${limit} port mirrors reached, cannot create ${config.name}`);
        continue;
      }
      mirror ??= new PacketMirror(config, bit);
      taken |= mirror.bit;
      mirror.configure(config);
      mirrors.push(mirror);
    }
    this.#mirrors = mirrors.sort((a, b) => (a.bit >>> 0) - (b.bit >>> 0));
    this.#findDuplicates();
    this.#outputs = new Set(
      mirrors.flatMap(({ config: { output } }) => ('port' in output ? output.port : [])),
    );
    return true;
  }

  #findDuplicates(): void {
    for (const mirror of this.#mirrors) {
      const same = this.#mirrors.filter(({ config }) =>
        isDeepStrictEqual(config.output, mirror.config.output),
      );
      mirror.duplicates = same.reduce((bits, { bit }) => bits | bit, 0);
    }
  }
}
