/** Devices and datapaths of a switch in memory: dummies in the place of all, as with --enable-dummy=override. */
import { errnos, syscallFailed } from '../base/errno.ts';
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import { type DummyKernel, openDummyDatapath } from '../datapath/dummy/datapath.ts';
import type { Core } from '../datapath/polling/cores.ts';
import { DeviceMark } from '../netdev/device-mark.ts';
import type { DummyDevices } from '../netdev/dummy/device.ts';
import { netdevProviders, openPortIo } from '../netdev/registry.ts';
import type { Providers } from '../vswitchd/providers.ts';

const datapathTypes = ['dummy', 'netdev', 'system'];
/** Of the host that is not there. */
const cores: readonly Core[] = [0, 1, 2, 3].map((core) => ({ core, numa: core >> 1 }));

/** What may go wrong with devices: a test of the daemon says so. */
export interface Faults {
  /** Is waited for before a device is opened. Rejects with SyscallFailed where it can't be. */
  opens?(name: string): Promise<void>;
  /** A datapath is to take a device. Throws SyscallFailed where it does not. */
  takes?(name: string): void;
  /** How many more files may be opened. */
  spareDescriptors?(): number;
  /** Devices that an earlier process left are to go, but for these. */
  removesLeft?(wanted: readonly string[]): void;
  /** Where datapaths stay that their switch leaves. */
  readonly kernel?: DummyKernel;
}

export interface MemoryProviderDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly dummies: DummyDevices;
  readonly faults: Faults;
}

/** `watch` is given whom to tell of devices that come and go. */
export function memoryProviders(
  { timers, random, dummies, faults }: MemoryProviderDeps,
  watch: Providers['watchDevices'],
): Providers {
  const byType = netdevProviders('override', dummies);
  const deps = { timers, random, mark: new DeviceMark('testing', 'testing') };
  const { kernel } = faults;
  return {
    datapathTypes,
    ifaceTypes: [...byType.keys()].sort(),
    isReserved: (name) => datapathTypes.some((type) => name === `ovs-${type}`),
    async openNetdev(type, name, config) {
      const provider = byType.get(type);
      if (provider === undefined)
        throw syscallFailed('open', errnos.EAFNOSUPPORT, `could not open network device ${name}`);
      await faults.opens?.(name);
      return provider.open(name, config, deps);
    },
    async openDatapath(type, name = `ovs-${type}`) {
      if (!datapathTypes.includes(type))
        throw syscallFailed('open', errnos.EAFNOSUPPORT, `could not create datapath of unknown type ${type}`);
      return openDummyDatapath(type, name, {
        clock: timers.clock,
        random,
        cores,
        openPort(spec) {
          faults.takes?.(spec.name);
          return openPortIo(spec, dummies);
        },
        ...(kernel !== undefined && { kernel }),
      });
    },
    removeLeftDevices: async (wanted) => faults.removesLeft?.(Array.from(wanted, ({ name }) => name).sort()),
    spareDescriptors: () => faults.spareDescriptors?.() ?? Number.POSITIVE_INFINITY,
    watchDevices: watch,
  };
}
