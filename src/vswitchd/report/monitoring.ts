/** What the database shows of the monitors of an interface's link: columns `cfm_*` and `bfd_status`. */
import type { PortMonitor } from '../../ofproto/monitoring/port-monitor.ts';
import type { OvsChange } from '../schema/index.ts';

export function reportMonitor(monitor: PortMonitor | undefined): OvsChange<'Interface'> {
  return { ...reportCfm(monitor?.cfmStatus), ...reportBfd(monitor?.bfdStatus) };
}

function reportCfm(status: PortMonitor['cfmStatus']): OvsChange<'Interface'> {
  const { faults, flapCount, health, remoteMpids = [], isRemoteUp } = status ?? {};
  return {
    cfm_fault: faults && faults.length > 0,
    cfm_fault_status: faults ?? [],
    cfm_flap_count: flapCount,
    cfm_health: health,
    cfm_remote_mpids: remoteMpids.map(integerOf),
    cfm_remote_opstate: isRemoteUp === undefined ? undefined : isRemoteUp ? 'up' : 'down',
  };
}

/** Columns have a sign. */
function integerOf(mpid: bigint): number | bigint {
  const signed = BigInt.asIntN(64, mpid);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function reportBfd(status: PortMonitor['bfdStatus']): OvsChange<'Interface'> {
  if (status === undefined) return { bfd_status: new Map() };
  return {
    bfd_status: new Map([
      ['forwarding', String(status.isForwarding)],
      ['state', status.state],
      ['diagnostic', status.diagnostic],
      ['flap_count', String(status.flapCount)],
      ['remote_state', status.remoteState],
      ['remote_diagnostic', status.remoteDiagnostic],
    ]),
  };
}
