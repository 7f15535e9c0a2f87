/** LACP, as `lacp/*` shows it. */
import { namesIn } from '../../base/literals.ts';
import type { Lacp } from '../../protocols/lacp.ts';
import type { LacpCounters, LacpMember, LacpSettings } from '../../protocols/lacp-types.ts';
import { type LacpEnd, lacpState } from '../../wire/lacp.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';

/** One end of a link, with names for the bits of its state. */
interface EndReport extends Omit<LacpEnd, 'state'> {
  readonly state: readonly string[];
}

interface LacpMemberReport extends Pick<LacpMember, 'status' | 'isAttached' | 'settings' | 'counters'> {
  readonly name: string;
  readonly mayEnable: boolean;
  readonly actor: EndReport;
  readonly partner: EndReport;
}

export interface LacpReport {
  readonly name: string;
  readonly settings: LacpSettings;
  readonly isNegotiated: boolean;
  /** Absent without members. */
  readonly key?: number;
  readonly members: readonly LacpMemberReport[];
}

/** In the order in which they were made. */
export function lacpsOf({ bundles }: Ofproto): Lacp<OfprotoPort>[] {
  return [...bundles.values()].flatMap(({ lacp }) => lacp ?? []);
}

export function reportLacp(lacp: Lacp<OfprotoPort>): LacpReport {
  const { name, settings, status, key } = lacp;
  const members = [...lacp.members].sort((a, b) => (a.port.name < b.port.name ? -1 : 1));
  return {
    name,
    settings,
    isNegotiated: status === 'negotiated',
    ...(key !== undefined && { key }),
    members: members.map((member) => ({
      name: member.port.name,
      status: member.status,
      isAttached: member.isAttached,
      mayEnable: lacp.mayEnable(member.port),
      settings: member.settings,
      actor: reportEnd(lacp.actorOf(member)),
      partner: reportEnd(member.partner),
      counters: member.counters,
    })),
  };
}

function reportEnd({ state, ...end }: LacpEnd): EndReport {
  const names = Object.entries(lacpState).filter(([, bit]) => (state & bit) !== 0);
  return { ...end, state: names.map(([name]) => name) };
}

export function formatLacp({ name, settings, isNegotiated, key, members }: LacpReport): string {
  const { isActive, isFast, systemId, systemPriority } = settings;
  return [
    `---- ${name} ----`,
    `  status: ${isActive ? 'active' : 'passive'}${isNegotiated ? ' negotiated' : ''}`,
    `  sys_id: ${systemId}`,
    `  sys_priority: ${systemPriority}`,
    `  aggregation key: ${key ?? 'none'}`,
    `  lacp_time: ${isFast ? 'fast' : 'slow'}`,
    ...members.flatMap(linesOfMember),
    '',
  ].join('\n');
}

function linesOfMember(member: LacpMemberReport): string[] {
  const { name, status, isAttached, settings, mayEnable, actor, partner } = member;
  return [
    `\nmember: ${name}: ${status} ${isAttached ? 'attached' : 'detached'}`,
    `  port_id: ${settings.portId}`,
    `  port_priority: ${settings.priority}`,
    `  may_enable: ${mayEnable}`,
    '',
    ...linesOfEnd('actor', actor),
    '',
    ...linesOfEnd('partner', partner),
  ];
}

function linesOfEnd(which: string, end: EndReport): string[] {
  return [
    `  ${which} sys_id: ${end.systemId}`,
    `  ${which} sys_priority: ${end.systemPriority}`,
    `  ${which} port_id: ${end.portId}`,
    `  ${which} port_priority: ${end.portPriority}`,
    `  ${which} key: ${end.key}`,
    `  ${which} state:${end.state.map((name) => ` ${name}`).join('')}`,
  ];
}

const counterTitles = {
  sent: 'TX PDUs',
  received: 'RX PDUs',
  bad: 'RX Bad PDUs',
  markers: 'RX Marker Request PDUs',
  expired: 'Link Expired',
  defaulted: 'Link Defaulted',
  carrierChanges: 'Carrier Status Changed',
} as const satisfies Record<keyof LacpCounters, string>;

const counterNames = namesIn(counterTitles);

export function formatLacpStats({ name, members }: LacpReport): string {
  const lines = members.flatMap((member) => [
    `\nmember: ${member.name}:`,
    ...counterNames.map((counter) => `  ${counterTitles[counter]}: ${member.counters[counter]}`),
  ]);
  return [`---- ${name} statistics ----`, ...lines, ''].join('\n');
}
