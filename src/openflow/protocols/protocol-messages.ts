/** Messages whose form depends on the protocol: those that change it, and flows as it says them. */
import type { Sent } from '../codec.ts';
import type { FlowMod } from '../messages/flow-mod.ts';
import type { FlowRequest } from '../messages/flow-request.ts';
import { hasTableId, isNxm, type Protocol, protocols, versionOf } from './protocols.ts';

/** What brings a connection nearer to another protocol, and the one that it has when the switch agrees. */
export interface ProtocolStep {
  readonly message: Sent;
  readonly next: Protocol;
}

/** As in NXT_SET_FLOW_FORMAT. */
const formats = { openflow10: 0, nxm: 2 } as const;

/** The next step; undefined where there is none, as between versions. */
export function protocolStep(current: Protocol, wanted: Protocol): ProtocolStep | undefined {
  if (current === wanted || versionOf(current) !== 1 || versionOf(wanted) !== 1) return undefined;
  const { openflow10, openflow10TableId, nxm, nxmTableId } = protocols;
  const withTableId = (isOn: boolean, isOfNxm: boolean): Protocol =>
    isOfNxm ? (isOn ? nxmTableId : nxm) : isOn ? openflow10TableId : openflow10;
  if (isNxm(current) !== isNxm(wanted)) {
    const format = isNxm(wanted) ? formats.nxm : formats.openflow10;
    return {
      message: { name: 'SET_FLOW_FORMAT', value: { format } },
      next: withTableId(hasTableId(current), isNxm(wanted)),
    };
  }
  const isEnabled = hasTableId(wanted);
  return {
    message: { name: 'FLOW_MOD_TABLE_ID', value: { isEnabled } },
    next: withTableId(isEnabled, isNxm(current)),
  };
}

/** A change of flows as the protocol says it: where it does not tell the table, that is left out. */
export function flowModIn(protocol: Protocol, mod: FlowMod): Sent {
  const value = hasTableId(protocol) ? mod : { ...mod, table: 0 };
  return isNxm(protocol) ? { name: 'FLOW_MOD', value, form: 'NXT_FLOW_MOD' } : { name: 'FLOW_MOD', value };
}

/** A request of flows, or of their sums. */
export function flowRequestIn<N extends 'FLOW_REQUEST' | 'AGGREGATE_REQUEST'>(
  protocol: Protocol,
  name: N,
  value: FlowRequest,
): { readonly name: N; readonly value: FlowRequest; readonly form?: string } {
  if (!isNxm(protocol)) return { name, value };
  return { name, value, form: name === 'FLOW_REQUEST' ? 'NXST_FLOW request' : 'NXST_AGGREGATE request' };
}
