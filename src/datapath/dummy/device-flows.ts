/**
 * Flows that dummy devices keep themselves, as hardware does: a device gives each frame that matches one of its flows
 * that flow's mark, and by the mark the datapath knows the flow without looking for it.
 */
import { logger } from '../../base/log.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import { extractKey } from '../../flow/extract.ts';
import { getSlot, newKey } from '../../flow/key.ts';
import { isMatchedBy, type Match, unpackKey, valuesUnder } from '../../flow/match.ts';
import { formatPacketKey, keyOfPacket } from '../../flow/packet-text.ts';
import type { Frame } from '../../wire/frame.ts';
import { formatMegaflow, megaUfidOf } from '../flow-log.ts';
import type { DpFlow } from '../provider.ts';

const apiLog = logger('netdev_offload');
const deviceLog = logger('netdev_dummy');
const log = logger('dpif_netdev');

interface DeviceFlow extends Match {
  readonly mark: number;
  readonly of: DpFlow;
}

/** What one device was given, by the flow's id. */
interface Device {
  readonly name: string;
  readonly flows: Map<number, DeviceFlow>;
}

export class DeviceFlows {
  readonly #devices = new Map<DpPort, Device>();
  /** The flow's id, by mark: those in use. */
  readonly #marks = new Map<number, number>();
  readonly #key = newKey();

  addPort(number: DpPort, name: string): void {
    this.#devices.set(number, { name, flows: new Map() });
    apiLog.info(`${name}: Assigned flow API 'dummy'.`);
  }

  removePort(number: DpPort): void {
    for (const { mark } of this.#devices.get(number)?.flows.values() ?? []) this.#marks.delete(mark);
    this.#devices.delete(number);
  }

  put(flow: DpFlow): void {
    const device = this.#devices.get(portOf(flow));
    if (device === undefined) return;
    const known = device.flows.get(flow.id);
    const mark = known?.mark ?? this.#freeMark();
    this.#marks.set(mark, flow.id);
    device.flows.set(flow.id, { mark, of: flow, mask: flow.mask, values: valuesUnder(flow.key, flow.mask) });
    const [operation, verb] = known === undefined ? ['create', 'add'] : ['modify', 'modify'];
    deviceLog.dbg(() => {
      const match = formatMegaflow(flow, { hasPort: true });
      return `${device.name}: flow put[${operation}]: ufid:${megaUfidOf(flow)} flow match: ${match}, mark: ${mark}`;
    });
    log.dbg(() => `succeed to ${verb} netdev flow ${megaUfidOf(flow)}`);
  }

  delete(flow: DpFlow): void {
    const device = this.#devices.get(portOf(flow));
    const known = device?.flows.get(flow.id);
    if (device === undefined || known === undefined) return;
    device.flows.delete(flow.id);
    this.#marks.delete(known.mark);
    deviceLog.dbg(() => `${device.name}: flow del: ufid:${megaUfidOf(flow)} mark: ${known.mark}`);
    log.dbg(() => `succeed to delete netdev flow ${megaUfidOf(flow)}`);
  }

  get count(): number {
    return this.#marks.size;
  }

  /** Id of the flow whose mark the device gives such a frame; -1 where it gives none. */
  flowOf(frame: Frame, vlanLimit: number): number {
    const device = this.#devices.get(dpPort(frame.inPort));
    if (device === undefined || device.flows.size === 0) return -1;
    extractKey(frame, this.#key, vlanLimit);
    for (const flow of device.flows.values()) {
      if (!isMatchedBy(flow, this.#key)) continue;
      logMatch(device, flow, frame);
      return this.#marks.get(flow.mark) ?? -1;
    }
    return -1;
  }

  #freeMark(): number {
    let mark = 1;
    while (this.#marks.has(mark)) mark++;
    return mark;
  }
}

function portOf({ key }: DpFlow): DpPort {
  return dpPort(getSlot(unpackKey(key), 'in_port'));
}

function logMatch({ name }: Device, { mark, of }: DeviceFlow, frame: Frame): void {
  deviceLog.dbg(() => {
    const key = keyOfPacket(frame.bytes.subarray(frame.start, frame.end));
    const packet = formatPacketKey(key, { read: Number, format: String });
    const match = formatMegaflow(of, { hasPort: false });
    return `${name}: packet: ${packet} matches with flow: ufid:${megaUfidOf(of)} ${match} with mark: ${mark}`;
  });
}
