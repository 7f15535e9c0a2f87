/**
 * What IPv4 flows have carried, told in NetFlow version 5: when a flow ends, goes elsewhere, or has been active for long.
 * Knows no sockets and no timers. ovs-vswitchd.conf.db(5), table NetFlow.
 */

import type { Clock } from '../../base/clock.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { type Ms, ms } from '../../base/units.ts';
import { getSlot } from '../../flow/key.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { emitNetFlow, maxNetFlowRecords, type NetFlowRecord } from '../../wire/netflow.ts';

const log = logger('netflow');
const impossible = new LimitedSite({ perMinute: 1, burst: 1 });

export interface NetFlowConfig {
  readonly targets: readonly string[];
  readonly engineType: number;
  readonly engineId: number;
  /** The low bits of the engine's id are the high ones of ports. */
  readonly addsIdToPorts: boolean;
  /** Milliseconds after which a flow that goes on is told of; 0 for never. */
  readonly activeTimeout: number;
}

/** Where a flow goes, where that is no single port. */
export const netFlowOutput = { flood: 0xffff, several: 0xfffe, none: 0xfffd } as const;

/** What makes packets one flow. */
export interface NetFlowKey {
  /** The same for the same flow. */
  readonly id: string;
  readonly input: number;
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  /** With the bits of congestion. */
  readonly tos: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Packets of a flow. */
export interface Carried {
  readonly packets: number;
  readonly bytes: number;
  readonly tcpFlags: number;
  /** When the last of them came. */
  readonly at: number;
}

interface Flow {
  readonly key: NetFlowKey;
  output: number;
  /** Of what was not told yet. */
  packets: number;
  bytes: number;
  tcpFlags: number;
  createdAt: number;
  usedAt: number;
  /** When it was told of last; 0 until it is known. */
  expiredAt: number;
}

/** Milliseconds between two looks for flows that have been active for long. */
const lookInterval = 1000;
const maxCount = 2 ** 32 - 1;
/** Bytes beyond which a count cannot be true. */
const impossibleBytes = 176 * 2 ** 32;
const dscp = 0xfc;

/** undefined where the packet is none of IPv4. */
export function netFlowKeyOf(flow: Uint32Array): NetFlowKey | undefined {
  if (getSlot(flow, 'eth_type') !== etherType.ipv4) return undefined;
  const key = {
    input: getSlot(flow, 'in_port') & 0xffff,
    source: getSlot(flow, 'nw_src'),
    destination: getSlot(flow, 'nw_dst'),
    protocol: getSlot(flow, 'nw_proto'),
    tos: getSlot(flow, 'nw_tos'),
    sourcePort: getSlot(flow, 'tp_src'),
    destinationPort: getSlot(flow, 'tp_dst'),
  };
  return { ...key, id: Object.values(key).join() };
}

interface NetFlowDeps {
  readonly clock: Clock;
  readonly send: (datagram: Uint8Array) => void;
  /** Something may be due earlier than was said. */
  readonly due: () => void;
}

export class NetFlowExporter {
  readonly #deps: NetFlowDeps;
  readonly #startedAt: Ms;
  readonly #flows = new Map<string, Flow>();
  /** How many datapath flows count for each. */
  readonly #holders = new Map<string, number>();
  #config: NetFlowConfig;
  #records: NetFlowRecord[] = [];
  #recordCount = 0;
  #nextLook: number;
  #configuredAt: number;
  #isClosed = false;

  constructor(config: NetFlowConfig, deps: NetFlowDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#startedAt = this.#now;
    this.#nextLook = this.#startedAt;
    this.#configuredAt = this.#startedAt;
  }

  configure(config: NetFlowConfig): void {
    const before = this.#config;
    this.#config = config;
    if (config.activeTimeout === before.activeTimeout) return;
    this.#configuredAt = this.#now;
    this.#nextLook = this.#configuredAt;
    this.#deps.due();
  }

  /** Packets of the flow went to `output`. */
  update(key: NetFlowKey, output: number, { packets, bytes, tcpFlags, at }: Carried): void {
    if (this.#isClosed) return;
    const flow = this.#flows.get(key.id) ?? this.#add(key, output, at);
    if (flow.output !== output) {
      this.#expire(flow);
      flow.createdAt = at;
      flow.output = output;
    }
    flow.packets += packets;
    flow.bytes += bytes;
    flow.tcpFlags |= tcpFlags;
    if (at <= flow.usedAt) return;
    flow.usedAt = at;
    const { activeTimeout } = this.#config;
    if (activeTimeout === 0 || flow.expiredAt === 0 || this.#configuredAt > flow.expiredAt)
      flow.expiredAt = this.#now;
  }

  /**
   * One more datapath flow counts for it, or one less; when none does, what it has carried is told.
   * Differs: a datapath flow that is decided upon anew, and comes out the same, goes on; the reference tells of it then.
   */
  countHolder({ id }: NetFlowKey, change: 1 | -1): void {
    if (this.#isClosed) return;
    const count = (this.#holders.get(id) ?? 0) + change;
    if (count > 0) {
      this.#holders.set(id, count);
      return;
    }
    this.#holders.delete(id);
    const flow = this.#flows.get(id);
    if (flow !== undefined) this.#expire(flow);
    this.#flows.delete(id);
  }

  /** Sends what waits, and tells of flows that have been active for long. Returns when to call again. */
  run(): Ms {
    this.#flush();
    const now = this.#now;
    const { activeTimeout } = this.#config;
    if (activeTimeout > 0 && now >= this.#nextLook) {
      this.#nextLook = now + lookInterval;
      for (const flow of this.#flows.values()) this.#look(flow, now);
    }
    if (this.#records.length > 0) return now;
    return ms(activeTimeout === 0 || this.#flows.size === 0 ? Number.POSITIVE_INFINITY : this.#nextLook);
  }

  /** What was not sent yet is not any more. */
  close(): void {
    this.#isClosed = true;
    this.#flows.clear();
    this.#holders.clear();
    this.#records = [];
  }

  get #now(): Ms {
    return this.#deps.clock.now();
  }

  #add(key: NetFlowKey, output: number, createdAt: number): Flow {
    const nothing = { packets: 0, bytes: 0, tcpFlags: 0, usedAt: 0, expiredAt: 0 };
    const flow = { ...nothing, key, output, createdAt };
    this.#flows.set(key.id, flow);
    if (this.#flows.size === 1) this.#deps.due();
    return flow;
  }

  /** Differs: packets that no datapath flow was made for are told at once; the reference keeps each flow of them for long. */
  #look(flow: Flow, now: Ms): void {
    if (!this.#holders.has(flow.key.id)) {
      this.#expire(flow);
      this.#flows.delete(flow.key.id);
      return;
    }
    if (now <= flow.expiredAt + this.#config.activeTimeout) return;
    const isIdle = flow.usedAt < flow.expiredAt;
    this.#expire(flow);
    if (isIdle) this.#flows.delete(flow.key.id);
  }

  /** Tells what the flow has carried since the last time. */
  #expire(flow: Flow): void {
    flow.expiredAt += this.#config.activeTimeout;
    if (flow.packets === 0) return;
    if (flow.bytes >= impossibleBytes)
      log.limited('warn', impossible, `impossible byte counter ${flow.bytes}`);
    else this.#split(flow);
    flow.packets = 0;
    flow.bytes = 0;
    flow.tcpFlags = 0;
  }

  /** More than a record can count is several records, so that none is out of proportion. */
  #split(flow: Flow): void {
    let { packets, bytes } = flow;
    while (bytes > 0) {
      const parts = Math.ceil(bytes / maxCount);
      const ofPart = { packets: Math.floor(packets / parts), bytes: Math.floor(bytes / parts) };
      this.#record(flow, ofPart);
      packets -= ofPart.packets;
      bytes -= ofPart.bytes;
    }
  }

  #record(
    { key, output, createdAt, usedAt, tcpFlags }: Flow,
    carried: Pick<NetFlowRecord, 'packets' | 'bytes'>,
  ): void {
    const { protocol } = key;
    const isIcmp = protocol === ipProtocol.icmp;
    this.#records.push({
      ...carried,
      source: key.source,
      destination: key.destination,
      input: this.#portOf(key.input),
      output: this.#portOf(output),
      first: createdAt - this.#startedAt,
      last: Math.max(createdAt, usedAt) - this.#startedAt,
      sourcePort: isIcmp ? 0 : key.sourcePort,
      destinationPort: isIcmp
        ? ((key.sourcePort & 0xff) << 8) | (key.destinationPort & 0xff)
        : key.destinationPort,
      tcpFlags: tcpFlags & 0xff,
      protocol,
      tos: key.tos & dscp,
    });
    this.#recordCount++;
    if (this.#records.length === maxNetFlowRecords) this.#flush();
    else if (this.#records.length === 1) this.#deps.due();
  }

  #portOf(port: number): number {
    const { addsIdToPorts, engineId } = this.#config;
    return addsIdToPorts ? ((engineId & 0x7f) << 9) | (port & 0x1ff) : port;
  }

  #flush(): void {
    if (this.#records.length === 0) return;
    const { engineType, engineId } = this.#config;
    const head = {
      uptime: this.#now - this.#startedAt,
      wall: this.#deps.clock.wall(),
      sequence: this.#recordCount - 1, // of the last record, as the reference counts
      engineType,
      engineId,
    };
    const records = this.#records;
    this.#records = [];
    this.#deps.send(emitNetFlow(head, records));
  }
}
