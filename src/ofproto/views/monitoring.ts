/** CFM, as `cfm/show` shows it, and whose links are monitored. */
import type { CfmReport } from '../../protocols/cfm-types.ts';
import type { PortMonitor } from '../monitoring/port-monitor.ts';
import type { Ofproto } from '../ofproto.ts';

export interface MonitorOfPort {
  /** The port's name. */
  readonly name: string;
  readonly monitor: PortMonitor;
}

export function monitorsOf({ ports }: Ofproto): MonitorOfPort[] {
  return [...ports.values()].flatMap(({ name, monitor }) => (monitor === undefined ? [] : { name, monitor }));
}

export function formatCfm(report: CfmReport): string {
  const { isExtended, isOverridden, faults, health = 'undefined' } = report;
  return [
    `---- ${report.name} ----`,
    `MPID ${report.mpid}:${isExtended ? ' extended' : ''}${isOverridden ? ' fault_override' : ''}`,
    ...(faults.length === 0 ? [] : [`  fault: ${faults.join(' ')}`]),
    `  average health: ${health}`,
    `  opstate: ${upOrDown(report.isUp)}`,
    `  remote_opstate: ${upOrDown(report.isRemoteUp)}`,
    `  interval: ${report.interval}ms`,
    `  next CCM tx: ${report.nextMessage}ms`,
    `  next fault check: ${report.nextCheck}ms`,
    ...report.remotes.flatMap(({ mpid, hasBeenHeard, isUp }) => [
      `Remote MPID ${mpid}`,
      `  recv since check: ${hasBeenHeard}`,
      `  opstate: ${upOrDown(isUp)}`,
    ]),
    '',
  ].join('\n');
}

function upOrDown(isUp: boolean): string {
  return isUp ? 'up' : 'down';
}
