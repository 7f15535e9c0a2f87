/**
 * The list of port types, the only place that names the folders of the implementations. Used by vswitchd (providers)
 * and by datapath workers (`openPortIo`).
 */
import { syscallFailed } from '../base/errno.ts';
import { unreachable } from '../base/errors.ts';
import { closeInBackground } from '../sys/calls/fd.ts';
import { dummyDevice } from './dummy/device.ts';
import { DummyPort } from './dummy/dummy-port.ts';
import { dummyProvider } from './dummy/provider.ts';
import { patchProvider } from './patch/provider.ts';
import type { NetdevProvider, PortIo, PortSpec, PracticePort, PreparedPort } from './provider.ts';
import { openPacketPort, type RingSize } from './system/packet-port.ts';
import { preparePacketSocket, prepareSendSocket } from './system/packet-socket.ts';
import { openPracticePacketPort } from './system/practice-port.ts';
import { systemProvider } from './system/provider.ts';
import { openPracticeTapPort } from './tap/practice-port.ts';
import { internalProvider, tapProvider } from './tap/provider.ts';
import { TapPort } from './tap/tap-port.ts';

/** What --enable-dummy asks for: dummy types beside the real ones, instead of "system", or instead of all. */
export type DummyMode = 'none' | 'beside' | 'system' | 'override';

const realProviders = [systemProvider, tapProvider, internalProvider, patchProvider];
const dummyTypes = ['dummy', 'dummy-internal', 'dummy-pmd'];

/** Providers by Interface type; "" is not a key: the caller maps it to "system". */
export function netdevProviders(dummies: DummyMode = 'none'): ReadonlyMap<string, NetdevProvider> {
  const providers = realProviders.map((provider) => {
    const isReplaced =
      dummies === 'override' ? provider.type !== 'patch' : dummies === 'system' && provider.type === 'system';
    return isReplaced ? dummyProvider(provider.type) : provider;
  });
  if (dummies !== 'none') providers.push(...dummyTypes.map(dummyProvider));
  return new Map(providers.map((provider) => [provider.type, provider]));
}

/**
 * Slots of 2 KiB of a ring of received frames: 256 KiB at first, since a switch may have thousands of ports, and 2 MiB,
 * two milliseconds at half a million frames a second, once it has overflowed.
 */
const defaultRing: RingSize = { slotCount: 128, slotLimit: 1024 };
const ENODEV = 19;

/** Opens the frame path of a device on the calling thread. Throws SyscallFailed. */
export function openPortIo(spec: PortSpec): PortIo {
  switch (spec.kind) {
    case 'packet':
      return openPacketPort(spec.name, spec.ifindex, ringSize(spec.slotCount), spec.fd);
    case 'tap':
      return new TapPort(spec.fd);
    case 'dummy': {
      const device = dummyDevice(spec.name);
      if (device === undefined)
        throw syscallFailed('open', ENODEV, `could not open network device ${spec.name}`);
      return new DummyPort(device);
    }
    default:
      return unreachable(spec);
  }
}

/** One of each kind that a worker serves. Throws SyscallFailed. */
export function openPracticePort(kind: 'packet' | 'tap'): PracticePort {
  return kind === 'packet' ? openPracticePacketPort() : openPracticeTapPort();
}

/**
 * Opens on the main thread, without blocking it, what would block a worker: making and taking down a packet ring costs
 * the kernel tens of milliseconds. Close it after the frame path. Throws SyscallFailed.
 */
export async function preparePort(spec: PortSpec): Promise<PreparedPort> {
  if (spec.kind !== 'packet') return { spec, openSendRing: async () => undefined, close: () => {} };
  const { name, ifindex } = spec;
  const fd = await preparePacketSocket(name, ringSize(spec.slotCount).slotCount);
  const opened = [fd];
  let isOpen = true;
  let hasSendRing = false;
  return {
    spec: { ...spec, fd },
    async openSendRing() {
      if (hasSendRing || !isOpen) return undefined;
      hasSendRing = true;
      const ring = await prepareSendSocket(name, ifindex);
      opened.push(ring);
      if (isOpen) return ring;
      closeAll();
      return undefined;
    },
    close() {
      isOpen = false;
      closeAll();
    },
  };

  function closeAll(): void {
    for (const each of opened.splice(0)) void closeInBackground(each);
  }
}

/** A size that was asked for stays. */
function ringSize(slotCount: number | undefined): RingSize {
  return slotCount === undefined ? defaultRing : { slotCount, slotLimit: slotCount };
}
