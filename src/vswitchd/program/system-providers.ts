/** The devices and datapaths of a real host, and the dummies of `--enable-dummy`: what `Switch` opens them with. */

import { errnos, syscallFailed } from '../../base/errno.ts';
import { logger } from '../../base/log.ts';
import { DummyDatapath } from '../../datapath/dummy/datapath.ts';
import type { Core } from '../../datapath/polling/cores.ts';
import type { Datapath } from '../../datapath/provider.ts';
import { UserspaceDatapath } from '../../datapath/userspace/datapath.ts';
import type { DummyDevices } from '../../netdev/dummy/device.ts';
import type { Netdev, NetdevConfig, NetdevDeps, NetdevProvider } from '../../netdev/provider.ts';
import {
  type DummyMode,
  netdevProviders,
  openPortIo,
  outlivesProcess,
  removeLeftDevices,
} from '../../netdev/registry.ts';
import { spareDescriptors } from '../../sys/calls/descriptors.ts';
import { kernelName } from '../../sys/calls/device.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';
import type { DeviceName, Providers } from '../providers.ts';
import type { ProgramOptions } from './options.ts';

const bridgeLog = logger('bridge');
const netdevLog = logger('netdev');

/** "ovs-netdev" and so on, as dpctl and the logs name a datapath. */
const datapathNames = { system: 'ovs-system', netdev: 'ovs-netdev', dummy: 'ovs-dummy' } as const;
/** Whatever follows; dummies in place of everything have no such devices. */
const tunnelNames = /^(gre|ip6gre|erspan|ip6erspan|genev|vxlan|lisp|stt|gtpu|udp)_sys/;
/** Beside this file once it is bundled. */
const workerUrl = new URL('./userspace-worker.js', import.meta.url);

type DatapathType = keyof typeof datapathNames;

export function systemProviders(
  options: Pick<ProgramOptions, 'dummy' | 'isSystemDisabled'>,
  deps: NetdevDeps,
  dummies: DummyDevices,
  cores: readonly Core[],
): Providers {
  const byType = netdevProviders(options.dummy, dummies);
  const datapathTypes = datapathTypesOf(options);
  return {
    datapathTypes,
    ifaceTypes: [...byType.keys()].sort(),
    isReserved: (name) =>
      datapathTypes.some((type) => datapathNames[type] === name) ||
      (options.dummy !== 'override' && tunnelNames.test(name)),
    openNetdev: (type, name, config, datapathType) =>
      openNetdev(byType, { type, name, config, datapathType, dummy: options.dummy, deps }),
    async openDatapath(type, name) {
      const known = datapathTypes.find((candidate) => candidate === type);
      if (known === undefined)
        throw syscallFailed('open', errnos.EAFNOSUPPORT, `could not create datapath of unknown type ${type}`);
      return openDatapath(known, name ?? datapathNames[known], {
        dummy: options.dummy,
        dummies,
        deps,
        cores,
      });
    },
    async removeLeftDevices(wanted) {
      const names = new Set<string>();
      for (const device of wanted) {
        const provider = byType.get(typeToOpen(device, options.dummy));
        const isMade = provider !== undefined && outlivesProcess(provider);
        if (isMade && datapathTypes.some((type) => type === device.datapathType))
          names.add(kernelName(device.name));
      }
      await removeLeftDevices((name) => names.has(name), deps);
    },
    spareDescriptors: () => spareDescriptors('port'),
    watchDevices(changed) {
      const monitor = linkMonitor();
      const stop = monitor.listen((name) => changed(name, monitor.byName(name) !== undefined));
      return { [Symbol.dispose]: stop };
    },
  };
}

function datapathTypesOf(options: Pick<ProgramOptions, 'dummy' | 'isSystemDisabled'>): DatapathType[] {
  const types: DatapathType[] = ['netdev'];
  if (options.dummy !== 'none') types.push('dummy');
  if (!options.isSystemDisabled || isDummyInstead('system', options.dummy)) types.push('system');
  return types.sort();
}

/** `--enable-dummy` with a mode puts dummies in the place of real ones: of "system", or of all. */
function isDummyInstead(type: DatapathType, dummy: DummyMode): boolean {
  return dummy === 'override' || (dummy === 'system' && type === 'system');
}

interface Host {
  readonly dummy: DummyMode;
  readonly dummies: DummyDevices;
  readonly deps: NetdevDeps;
  readonly cores: readonly Core[];
}

async function openDatapath(
  type: DatapathType,
  name: string,
  { dummy, dummies, deps, cores }: Host,
): Promise<Datapath> {
  const { random, timers } = deps;
  const { clock } = timers;
  if (type === 'dummy' || isDummyInstead(type, dummy)) {
    dummies.takeNumber(); // as the reference does, whose datapaths have a device of their own
    return new DummyDatapath(type, name, {
      clock,
      random,
      cores,
      openPort: (spec) => openPortIo(spec, dummies),
    });
  }
  if (type === 'system')
    bridgeLog.info(`${type}@${name}: forwarding in userspace, there is no kernel datapath here`);
  return new UserspaceDatapath(type, name, { clock, timers, workerUrl });
}

interface Opening extends DeviceName {
  readonly config: NetdevConfig;
  readonly dummy: DummyMode;
  readonly deps: NetdevDeps;
}

async function openNetdev(byType: ReadonlyMap<string, NetdevProvider>, opening: Opening): Promise<Netdev> {
  const { name, config, dummy, deps } = opening;
  const type = typeToOpen(opening, dummy);
  const provider = byType.get(type);
  if (provider === undefined) {
    netdevLog.warn(`could not create netdev ${name} of unknown type ${opening.type}`);
    throw syscallFailed('open', errnos.EAFNOSUPPORT, `could not open network device ${name}`);
  }
  return provider.open(name, config, deps);
}

/** Dummy bridges make dummy devices of their own. */
function typeToOpen({ type, datapathType }: DeviceName, dummy: DummyMode): string {
  return type === 'internal' && datapathType === 'dummy' && dummy !== 'none' ? 'dummy-internal' : type;
}
