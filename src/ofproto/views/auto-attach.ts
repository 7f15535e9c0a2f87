/** LLDP and Auto Attach, as `autoattach/*` shows them. */

import { formatMac } from '../../base/addresses.ts';
import { namesIn } from '../../base/literals.ts';
import type { Lldp } from '../../protocols/lldp.ts';
import { type LldpCounters, type LldpService, pending } from '../../protocols/lldp-types.ts';
import type { AutoAttachSystem } from '../../wire/auto-attach.ts';
import type { Ofproto } from '../ofproto.ts';

/** A neighbour that speaks Auto Attach. */
interface ServerReport {
  /** Pairs of hexadecimal digits, as its other numbers. */
  readonly chassis: string;
  readonly description?: string;
  readonly system: string;
}

interface ServiceReport extends Pick<LldpService, 'service' | 'vlan'> {
  readonly status: string;
}

export interface LldpReport {
  readonly name: string;
  readonly servers: readonly ServerReport[];
  readonly services: readonly ServiceReport[];
  readonly counters: LldpCounters;
}

export function lldpsOf({ ports }: Ofproto): Lldp[] {
  return [...ports.values()].flatMap(({ lldp }) => lldp ?? []);
}

/** `inOrder` puts services as the reference lists them. */
export function reportLldp(lldp: Lldp, inOrder: (services: LldpService[]) => LldpService[]): LldpReport {
  const servers = [...lldp.neighbours].flatMap(({ unit }): ServerReport[] => {
    const { element, chassis, systemDescription: description } = unit;
    if (element === undefined || isNothing(element.system)) return [];
    const about = description === undefined ? {} : { description };
    return [{ chassis: formatMac(chassis.bytes), ...about, system: formatSystem(element.system) }];
  });
  const services = inOrder([...lldp.services]).map(({ service, vlan, status }) => ({
    service,
    vlan,
    status: statusNames[status] ?? 'Undefined',
  }));
  return { name: lldp.name, servers, services, counters: { ...lldp.counters } };
}

const statusNames: Readonly<Record<number, string>> = {
  2: 'Active',
  3: 'Reject (Generic)',
  4: 'Reject (AA resources unavailable)',
  6: 'Reject (Invalid)',
  8: 'Reject (VLAN resources unavailable)',
  9: 'Reject (Application interaction issue)',
  [pending]: 'Pending',
};

function isNothing({ mac, connectionType, reserved1, reserved2 }: AutoAttachSystem): boolean {
  return mac === '00:00:00:00:00:00' && connectionType === 0 && reserved1 === 0 && reserved2 === 0;
}

/** Numbers of 16 bits as the reference's host has them in memory, lower byte first; the last is two bytes. */
function formatSystem({ mac, connectionType, reserved1, reserved2 }: AutoAttachSystem): string {
  const bytes = [connectionType, 0, reserved1 & 0xff, reserved1 >> 8, reserved2 >> 8, reserved2 & 0xff];
  return `${mac}:${formatMac(bytes)}`;
}

export function formatLldpServers({ name, servers }: LldpReport): string {
  const lines = servers.flatMap(({ chassis, description = '<None>', system }) => [
    `  Auto Attach Primary Server Id: ${chassis}`,
    `  Auto Attach Primary Server Descr: ${description}`,
    `  Auto Attach Primary Server System Id: ${system}`,
  ]);
  return linesOf([`LLDP: ${name}`, ...lines]);
}

export function formatLldpServices({ name, services }: LldpReport): string {
  const row = (...cells: readonly (string | number)[]): string =>
    cells.map((cell, n) => String(cell).padEnd([8, 4, 11][n] ?? 0)).join(' ');
  return linesOf([
    `LLDP: ${name}`,
    row('I-SID', 'VLAN', 'Source', 'Status  '),
    '-------- ---- ----------- --------',
    ...services.map(({ service, vlan, status }) => row(service, vlan, 'Switch', status.padEnd(11))),
  ]);
}

const counterTitles = {
  sent: 'tx',
  received: 'rx',
  discarded: 'rx discarded',
  unrecognized: 'rx unrecognized',
  agedOut: 'ageout',
  inserted: 'insert',
  deleted: 'delete',
  dropped: 'drop',
} as const satisfies Record<keyof LldpCounters, string>;

const counterNames = namesIn(counterTitles);

export function formatLldpCounters({ name, counters }: LldpReport): string {
  const lines = counterNames.map((counter) => `  ${counterTitles[counter]} cnt: ${counters[counter]}`);
  return linesOf([`Statistics: ${name}`, ...lines]);
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
