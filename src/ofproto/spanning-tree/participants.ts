/** Which ports of a switch take part in its spanning tree, under which numbers, and what is told of those that do not. */
import { orderAsHashed } from '../../base/hash-order.ts';
import type { RstpPortSettings } from '../../protocols/rstp-types.ts';
import type { StpPortSettings } from '../../protocols/stp-types.ts';
import type { Bundle, OfprotoPort } from '../port.ts';
import { portSpeed } from '../port-speed.ts';

export interface Participants<S> {
  readonly ports: ReadonlyMap<OfprotoPort, S>;
  readonly complaints: readonly string[];
}

interface Candidate {
  readonly bundle: Bundle;
  readonly port: OfprotoPort;
}

/** What is asked of all ports of a switch. */
export interface Asked {
  readonly name: string;
  readonly bundles: () => Iterable<Bundle>;
  readonly isMirrorOutput: (bundle: Bundle) => boolean;
}

const mostStpPorts = 255;
const mostRstpPorts = 4095;

/** undefined where there can be no tree of them at all. */
export function stpParticipants(
  asked: Asked,
): Participants<StpPortSettings> & { readonly isUsable: boolean } {
  const complaints: string[] = [];
  const ports = new Map<OfprotoPort, StpPortSettings>();
  const chosen = new Set<number>();
  let counted = 0;
  for (const { bundle, port } of candidates(asked, 'STP', complaints)) {
    const { number: wanted, priority, pathCost = stpCost(portSpeed(port)) } = bundle.config.tree.stp;
    const refuse = (why: string): void => void complaints.push(`port ${bundle.name}: ${why}`);
    if (wanted === undefined ? counted >= mostStpPorts : wanted < 1 || wanted > mostStpPorts) {
      refuse(wanted === undefined ? 'too many STP ports, disabling' : 'invalid stp-port-num');
      continue;
    }
    if (wanted !== undefined && chosen.has(wanted)) {
      refuse(`duplicate stp-port-num ${wanted}, disabling`);
      continue;
    }
    if (wanted !== undefined) chosen.add(wanted);
    ports.set(port, { name: port.name, number: wanted ?? ++counted, priority, pathCost });
  }
  const isUsable = chosen.size === 0 || counted === 0;
  if (!isUsable)
    complaints.push(`bridge ${asked.name}: must manually configure all STP port IDs or none, disabling`);
  return { ports, complaints, isUsable };
}

export function rstpParticipants(asked: Asked): Participants<RstpPortSettings> {
  const complaints: string[] = [];
  const ports = new Map<OfprotoPort, RstpPortSettings>();
  for (const { bundle, port } of candidates(asked, 'RSTP', complaints)) {
    const { isWanted: _, number: wanted, pathCost: cost, ...settings } = bundle.config.tree.rstp;
    const refuse = (why: string): void => void complaints.push(`port ${bundle.name}: ${why}`);
    if (wanted !== undefined && (wanted < 1 || wanted > mostRstpPorts)) refuse('invalid rstp-port-num');
    else if (wanted === undefined && ports.size >= mostRstpPorts) refuse('too many RSTP ports, disabling');
    else {
      const pathCost = cost ?? rstpCost(portSpeed(port));
      ports.set(port, { ...settings, name: port.name, number: wanted ?? 0, pathCost });
    }
  }
  return { ports, complaints };
}

/** In the reference's order, which decides about numbers. Devices of the host itself are no links. */
function* candidates(
  { bundles, isMirrorOutput }: Asked,
  protocol: 'STP' | 'RSTP',
  complaints: string[],
): IterableIterator<Candidate> {
  const key = protocol === 'STP' ? 'stp' : 'rstp';
  for (const bundle of orderAsHashed([...bundles()], ({ name }) => name)) {
    if (!bundle.config.tree[key].isWanted) continue;
    const [port] = bundle.members;
    if (bundle.config.members.length > 1)
      complaints.push(`port ${bundle.name}: cannot enable ${protocol} on bonds, disabling`);
    else if (port !== undefined && !isOfHost(port) && !isMirrorOutput(bundle)) yield { bundle, port };
  }
}

/** A device that the switch makes for the host. */
function isOfHost({ netdev }: OfprotoPort): boolean {
  return netdev.type === 'internal' || netdev.type === 'dummy-internal';
}

/** IEEE 802.1D-1998 table 8-5, of Mb/s. */
function stpCost(speed: number): number {
  const costs: readonly (readonly [speed: number, cost: number])[] = [
    [10_000, 2],
    [1000, 4],
    [100, 19],
    [16, 62],
    [10, 100],
    [4, 250],
  ];
  return costs.find(([least]) => speed >= least)?.[1] ?? 2;
}

/** IEEE 802.1D-2004 table 17-3, of Mb/s: 20 Tb/s by the speed, in steps of ten. */
function rstpCost(speed: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.min(speed, 10_000_000)));
  return speed >= 1 ? 20_000_000 / step : 2000;
}
