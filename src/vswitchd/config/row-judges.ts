/** What is wrong with the values of some columns: those that are acted on for some rows, and not for others. */
import type { OvsRow } from '../schema/index.ts';
import { isMulticastMac, normalizeMac, zeroMac } from './mac.ts';

/** What the operator is told of a column of a row. */
export interface Judgement {
  /**
   * "info" where the reference would not act on it either, only tests ask, or only speed is at stake; "err" in its own
   * words.
   */
  readonly level: 'info' | 'warn' | 'err';
  /** "auto_attach is not acted on: no LLDP is sent" */
  readonly text: string;
}

export function judgeBondMode({ interfaces, bond_mode }: OvsRow<'Port'>): Judgement | undefined {
  if (interfaces.length < 2 || bond_mode !== undefined) return undefined;
  const past = 'Note that in previous versions, the default bond_mode was balance-slb';
  return { level: 'warn', text: `Using the default bond_mode active-backup. ${past}` };
}

export function judgeSystemId({ lacp, other_config }: OvsRow<'Port'>): Judgement | undefined {
  const text = other_config.get('lacp-system-id');
  if (lacp === undefined || lacp === 'off' || text === undefined) return undefined;
  const mac = normalizeMac(text);
  if (mac === undefined)
    return { level: 'warn', text: `LACP system ID (${text}) must be an Ethernet address.` };
  return mac === zeroMac ? { level: 'warn', text: 'Invalid zero LACP system ID.' } : undefined;
}

export function judgeInterfaceMac(
  { mac, type }: OvsRow<'Interface'>,
  isLocalPort: boolean,
): Judgement | undefined {
  const address = mac === undefined ? undefined : normalizeMac(mac);
  if (address === undefined) return judgeAddress(mac);
  const complain = (text: string) => ({ level: 'err', text }) as const;
  if (isLocalPort)
    return complain("ignoring mac in Interface record (use Bridge record to set local port's mac)");
  if (type !== 'internal')
    return {
      level: 'warn',
      text: `mac=${mac} is not acted on: only the device of an internal interface is given one`,
    };
  if (isMulticastMac(address)) return complain('cannot set MAC to multicast address');
  return address === zeroMac ? complain('cannot set MAC to all zero address') : undefined;
}

export function judgePolicing(
  row: OvsRow<'Interface'>,
  column: 'ingress_policing_rate' | 'ingress_policing_kpkts_rate',
): Judgement | undefined {
  if (row.type !== 'patch' || row[column] === 0) return undefined;
  return {
    level: 'warn',
    text: `${column}=${row[column]} is not acted on: what crosses a patch port is not policed`,
  };
}

export function judgeAddress(mac: string | undefined): Judgement | undefined {
  if (mac === undefined || normalizeMac(mac) !== undefined) return undefined;
  return { level: 'info', text: `mac=${mac} is not acted on: it is not an Ethernet address` };
}
