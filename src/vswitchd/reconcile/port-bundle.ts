/** A port of a bridge as its switch has it: those of its interfaces that are there, together. */
import { emptyMap } from '../../base/empty-map.ts';
import { logger } from '../../base/log.ts';
import type { OfPort } from '../../base/units.ts';
import type { MemberLacp } from '../../ofproto/config.ts';
import type { WantedPort } from '../config/port-rows.ts';
import type { LiveBridge } from './live.ts';

const log = logger('bridge');

export function setPort(bridge: LiveBridge, wanted: WantedPort): void {
  bridge.setPort(wanted);
  const members: OfPort[] = [];
  const memberLacp = new Map<OfPort, MemberLacp>();
  for (const { name, lacp, isMember } of wanted.interfaces) {
    const i = bridge.interfaces.get(name);
    if (!isMember || i?.port !== wanted.name || i.ofPort === undefined) continue;
    members.push(i.ofPort);
    if (wanted.bundle.lacp !== undefined) memberLacp.set(i.ofPort, lacp);
  }
  if (members.length === 0) bridge.ofproto.switchPorts.removeBundle(wanted.name);
  // The spread last: what is extended after one has a hidden class of its own, for each port.
  else
    bridge.ofproto.switchPorts.setBundle(wanted.name, {
      members,
      memberLacp: memberLacp.size === 0 ? emptyMap : memberLacp,
      ...wanted.bundle,
    });
}

/** Such a bond relies on what was learned. */
export function tellIncompatible({ settings }: LiveBridge, { name, bundle, interfaces }: WantedPort): void {
  if (bundle.bond.mode !== 'balance-slb' || interfaces.length < 2 || settings.floodVlans.length === 0) return;
  const remedy = 'please use another bond type or disable flood_vlans';
  log.warn(`port ${name}: SLB bonds are incompatible with flood_vlans, ${remedy}`);
}
