/** The ports of a datapath as one worker has them, by number. */
import type { RxQueue, TxPort, WrapsPackets } from '../../netdev/provider.ts';
import { ethernet } from '../../wire/ethernet.ts';
import type { Frame } from '../../wire/frame.ts';
import { type DpMeter, SharedMeter } from '../meter.ts';
import type { SharedPortCounters } from './counters.ts';
import type { Output } from './packet-outputs.ts';

export interface EnginePort extends Output {
  readonly number: number;
  /** undefined when another worker receives there. */
  readonly rx: RxQueue | undefined;
  /** What may come in. */
  limits: readonly SharedMeter[];
  /** Where the device knows flows: the id of a frame's, or -1. */
  flowOf: ((frame: Frame) => number) | undefined;
}

export class EnginePorts {
  readonly #ports: (EnginePort | undefined)[] = [];

  get byNumber(): readonly (EnginePort | undefined)[] {
    return this.#ports;
  }

  /** Where it receives, `rx` and `tx` count in the same counters (`PortIo`). */
  add(number: number, tx: TxPort, rx: RxQueue | undefined, counters: SharedPortCounters): EnginePort {
    const port: EnginePort = {
      ...{ number, tx, rx, counters, limits: [], maxSize: Number.POSITIVE_INFINITY },
      ...{ isDirty: false, queuedCount: 0, chooseQueue: undefined, flowOf: undefined },
      tunnel: wrapsPackets(tx) ? tx : undefined,
    };
    this.#ports[number] = port;
    return port;
  }

  /** The caller closes its ends. */
  remove(number: number): EnginePort | undefined {
    const port = this.#ports[number];
    this.#ports[number] = undefined;
    return port;
  }

  setMtu(number: number, mtu: number | undefined): void {
    const port = this.#ports[number];
    if (port !== undefined) port.maxSize = mtu === undefined ? Number.POSITIVE_INFINITY : mtu + ethernet.size;
  }

  /** Only where the port is received does that count. */
  setLimits(number: number, limits: readonly DpMeter[]): void {
    const port = this.#ports[number];
    if (port !== undefined) port.limits = limits.map((limit) => new SharedMeter(limit));
  }
}

function wrapsPackets(tx: TxPort): tx is TxPort & WrapsPackets {
  return 'tunnelType' in tx;
}
