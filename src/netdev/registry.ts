/**
 * The list of port types, the only place that names the folders of the implementations. Used by vswitchd (providers)
 * and by datapath workers (`openPortIo`).
 */
import { errnos, syscallFailed } from '../base/errno.ts';
import { unreachable } from '../base/errors.ts';
import { DummyDevices } from './dummy/device.ts';
import { DummyPort, PolledDummyPort } from './dummy/dummy-port.ts';
import { dummyProvider } from './dummy/provider.ts';
import { patchProvider } from './patch/provider.ts';
import type {
  NetdevDeps,
  NetdevProvider,
  PortIo,
  PortSpec,
  PreparedPort,
  TxPort,
  WarmUpPort,
} from './provider.ts';
import { allowAllArp } from './system/ingress-drop.ts';
import { openPacketPort } from './system/packet-port.ts';
import { openPacketTxPort } from './system/packet-tx-port.ts';
import { preparePacketPort } from './system/prepared-port.ts';
import { systemProvider } from './system/provider.ts';
import { openWarmUpPacketPort, openWarmUpRingPort } from './system/warm-up-port.ts';
import { removeLeftTaps } from './tap/left-taps.ts';
import { internalProvider, tapProvider } from './tap/provider.ts';
import { TapPort } from './tap/tap-port.ts';
import { openWarmUpTapPort } from './tap/warm-up-port.ts';
import { tunnelProviders } from './tunnel/provider.ts';
import { TunnelPort } from './tunnel/tunnel-port.ts';

/** What --enable-dummy asks for: dummy types beside the real ones, instead of "system", or instead of all. */
export type DummyMode = 'none' | 'beside' | 'system' | 'override';

const realProviders = [systemProvider, tapProvider, internalProvider, patchProvider];
const dummyTypes = ['dummy', 'dummy-internal', 'dummy-pmd'];

/** Providers by Interface type; "" is not a key: the caller maps it to "system". */
export function netdevProviders(
  mode: DummyMode = 'none',
  dummies = new DummyDevices(),
): ReadonlyMap<string, NetdevProvider> {
  const providers = [...realProviders, ...tunnelProviders()].map((provider) => {
    const isReplaced =
      mode === 'override' ? provider.type !== 'patch' : mode === 'system' && provider.type === 'system';
    return isReplaced ? dummyProvider(provider.type, dummies) : provider;
  });
  if (mode !== 'none') providers.push(...dummyTypes.map((type) => dummyProvider(type, dummies)));
  return new Map(providers.map((provider) => [provider.type, provider]));
}

/**
 * Opens the frame path of a device on the calling thread, where its frames are received; that of a dummy one only on the
 * thread of `dummies`. Throws SyscallFailed.
 */
export function openPortIo(spec: PortSpec, dummies?: DummyDevices): PortIo {
  switch (spec.kind) {
    case 'packet':
      return openPacketPort(spec.name, spec.ifindex, spec.fd);
    case 'tap':
      return new TapPort(spec.fd);
    case 'dummy': {
      const device = dummies?.get(spec.name);
      if (device === undefined)
        throw syscallFailed('open', errnos.ENODEV, `could not open network device ${spec.name}`);
      return device.isPolled ? new PolledDummyPort(device) : new DummyPort(device);
    }
    case 'tunnel':
      return new TunnelPort(spec);
    default:
      return unreachable(spec);
  }
}

/** Opens the frame path of a device on the calling thread, which only sends there. Throws SyscallFailed. */
export function openTxPort(spec: PortSpec): TxPort {
  return spec.kind === 'packet' ? openPacketTxPort(spec.name, spec.ifindex) : openPortIo(spec);
}

/** One of each kind that a worker serves, `ring` being a packet port that is busy. Throws SyscallFailed. */
export function openWarmUpPort(kind: WarmUpKind): WarmUpPort {
  return warmUpPorts[kind]();
}

const warmUpPorts = {
  packet: openWarmUpPacketPort,
  ring: openWarmUpRingPort,
  tap: openWarmUpTapPort,
} as const;

export type WarmUpKind = keyof typeof warmUpPorts;

/**
 * Opens on the main thread what a worker can't close without waiting for the kernel, and later, in the background, what
 * it can't open so. Close it after the frame path. Throws SyscallFailed.
 */
export async function preparePort(spec: PortSpec): Promise<PreparedPort> {
  return spec.kind === 'packet'
    ? await preparePacketPort(spec)
    : { spec, openRing: async () => undefined, retire: () => {}, close: () => {} };
}

/** The device stays in the kernel when the process ends. */
export function outlivesProcess(provider: NetdevProvider): boolean {
  return provider === tapProvider || provider === internalProvider;
}

/** Removes the devices of earlier processes that are not wanted; resolves when they are gone. */
export function removeLeftDevices(isWanted: (name: string) => boolean, deps: NetdevDeps): Promise<void> {
  return removeLeftTaps(isWanted, deps);
}

/** Leaves devices that are not ours as they were found; for the end of the process, and synchronous. */
export function leaveDevices(): void {
  allowAllArp();
}
