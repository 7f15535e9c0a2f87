/** How an Interface row asks for its link to be monitored: ovs-vswitchd.conf.db(5), "CFM" and "BFD". Pure. */
import { ipv4Number } from '../../base/addresses.ts';
import {
  defaultBfdDestination,
  defaultBfdSource,
  type PortBfd,
  type PortCfm,
  type PortMonitoring,
} from '../../ofproto/monitoring/monitoring-config.ts';
import type { OvsRow } from '../schema/index.ts';
import { readKeys } from './keys.ts';
import { zeroMac } from './mac.ts';
import { bfdKeys, cfmKeys } from './monitoring-keys.ts';

export function readMonitoring(row: OvsRow<'Interface'>): PortMonitoring {
  return { cfm: readCfm(row), bfd: readBfd(row) };
}

const defaultCfmInterval = cfmKeys.cfmInterval.fallback;

function readCfm({ cfm_mpid: mpid, other_config: keys, options }: OvsRow<'Interface'>): PortCfm | undefined {
  if (mpid === undefined) return undefined;
  const { cfmInterval, cfmExtended, cfmDemand, cfmOpstate, cfmVlan, cfmPriority } = readKeys(cfmKeys, keys);
  return {
    mpid: BigInt.asUintN(64, BigInt(mpid)),
    interval: cfmInterval > 0 ? cfmInterval : defaultCfmInterval,
    isExtended: cfmExtended,
    isDemand: cfmDemand,
    isUp: cfmOpstate === undefined || cfmOpstate.toLowerCase() === 'up',
    vlan: readVlan(cfmVlan),
    priority: cfmPriority & 7,
    checksTunnelKey: ['key', 'in_key'].some((key) => options.get(key) === 'flow'),
  };
}

function readVlan(text = '0'): number | 'random' {
  return text.toLowerCase() === 'random' ? 'random' : Number.parseInt(text, 10) & 0xfff;
}

function readBfd({ bfd }: OvsRow<'Interface'>): PortBfd | undefined {
  const { isEnabled, source, destination, ...settings } = readKeys(bfdKeys, bfd);
  if (!isEnabled) return undefined;
  return {
    ...settings,
    localSource: addressOf(settings.localSource),
    localDestination: addressOf(settings.localDestination),
    remoteDestination: addressOf(settings.remoteDestination),
    source: source === undefined ? defaultBfdSource : ipv4Number(source),
    destination: destination === undefined ? defaultBfdDestination : ipv4Number(destination),
    unusableAddresses: [bfdKeys.source, bfdKeys.destination].flatMap(({ name, read }) => {
      const text = bfd.get(name) ?? '';
      return text !== '' && read(text) === undefined ? text : [];
    }),
  };
}

/** That of nobody counts as none. */
function addressOf(mac: string | undefined): string | undefined {
  return mac === zeroMac ? undefined : mac;
}
