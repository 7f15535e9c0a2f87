/** The devices and datapaths of a real host, and the dummies of `--enable-dummy`: what `Switch` opens them with. */
import { syscallFailed } from '../../base/errno.ts';
import { logger } from '../../base/log.ts';
import type { Timers } from '../../base/timers.ts';
import { DummyDatapath } from '../../datapath/dummy/datapath.ts';
import type { Datapath } from '../../datapath/provider.ts';
import { UserspaceDatapath } from '../../datapath/userspace/datapath.ts';
import type { Netdev, NetdevConfig, NetdevProvider } from '../../netdev/provider.ts';
import { netdevProviders, openPortIo } from '../../netdev/registry.ts';
import { errnos } from '../../sys/calls/libc.ts';
import { linkMonitor } from '../../sys/netlink/monitor.ts';
import type { Providers } from '../providers.ts';
import type { DummyMode, ProgramOptions } from './options.ts';

const bridgeLog = logger('bridge');
const netdevLog = logger('netdev');

/** "ovs-netdev" and so on, as dpctl and the logs name a datapath. */
const datapathNames = { system: 'ovs-system', netdev: 'ovs-netdev', dummy: 'ovs-dummy' } as const;
type DatapathType = keyof typeof datapathNames;

export function systemProviders(
  options: Pick<ProgramOptions, 'dummy' | 'isSystemDisabled'>,
  timers: Timers,
): Providers {
  const byType = new Map(netdevProviders.map((provider) => [provider.type, provider]));
  const datapathTypes = datapathTypesOf(options);
  const isDummyType = (type: string) => type.startsWith('dummy');
  const ifaceTypes = [...byType.keys()].filter((type) => options.dummy !== undefined || !isDummyType(type));
  return {
    datapathTypes,
    ifaceTypes: ifaceTypes.sort(),
    openNetdev: (type, name, config, datapathType) =>
      openNetdev(byType, { type, name, config, datapathType, dummy: options.dummy, timers }),
    async openDatapath(type) {
      const known = datapathTypes.find((candidate) => candidate === type);
      if (known === undefined)
        throw syscallFailed('open', errnos.EAFNOSUPPORT, `could not create datapath of unknown type ${type}`);
      return openDatapath(known, options.dummy, timers);
    },
    watchDevices(appeared) {
      const stop = linkMonitor().listen(appeared);
      return { [Symbol.dispose]: stop };
    },
  };
}

function datapathTypesOf(options: Pick<ProgramOptions, 'dummy' | 'isSystemDisabled'>): DatapathType[] {
  const types: DatapathType[] = ['netdev'];
  if (options.dummy !== undefined) types.push('dummy');
  if (!options.isSystemDisabled) types.push('system');
  return types.sort();
}

async function openDatapath(
  type: DatapathType,
  dummy: DummyMode | undefined,
  timers: Timers,
): Promise<Datapath> {
  const name = datapathNames[type];
  const isDummy = type === 'dummy' || dummy === 'override';
  if (isDummy) return new DummyDatapath(type, name, { clock: timers.clock, openPort: openPortIo });
  if (type === 'system')
    bridgeLog.info(`${type}@${name}: forwarding in userspace, there is no kernel datapath here`);
  return new UserspaceDatapath(type, name, { clock: timers.clock });
}

interface Opening {
  readonly type: string;
  readonly name: string;
  readonly config: NetdevConfig;
  readonly datapathType: string;
  readonly dummy: DummyMode | undefined;
  readonly timers: Timers;
}

async function openNetdev(byType: ReadonlyMap<string, NetdevProvider>, opening: Opening): Promise<Netdev> {
  const { name, config, timers } = opening;
  const type = typeToOpen(opening);
  const provider = byType.get(type);
  const isHidden = type.startsWith('dummy') && opening.dummy === undefined;
  if (provider === undefined || isHidden) {
    netdevLog.warn(`could not create netdev ${name} of unknown type ${opening.type}`);
    throw syscallFailed('open', errnos.EAFNOSUPPORT, `could not open network device ${name}`);
  }
  return provider.open(name, config, { timers });
}

/** Dummy bridges make dummy devices; with "override" and "system" all real devices are dummies. */
function typeToOpen({ type, datapathType, dummy }: Opening): string {
  const isOverridden = dummy === 'override' || dummy === 'system';
  if (type === 'internal' && (datapathType === 'dummy' || dummy === 'override')) return 'dummy-internal';
  if ((type === 'system' || type === 'tap') && isOverridden) return 'dummy';
  return type;
}
