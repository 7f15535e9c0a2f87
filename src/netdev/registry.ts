/**
 * The list of port types, the only place that names the folders of the implementations. Used by vswitchd (providers)
 * and by datapath workers (`openPortIo`).
 */
import { Refused } from '../base/errors.ts';
import type { PortIo, PortSpec } from './provider.ts';
import { openPacketPort } from './system/packet-port.ts';

/** Slots of a received-frame ring: 512 times 2 KiB, a millisecond at half a million frames a second. */
const defaultSlotCount = 512;

/** Opens the frame path of a device on the calling thread. Throws SyscallFailed. */
export function openPortIo(spec: PortSpec): PortIo {
  switch (spec.kind) {
    case 'packet':
      return openPacketPort(spec.name, spec.ifindex, spec.slotCount ?? defaultSlotCount);
    case 'tap':
    case 'dummy':
      throw new Refused('unsupported', `${spec.name}: no frame path yet`);
  }
}
