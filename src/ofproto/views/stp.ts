/** STP and RSTP, as `stp/*` and `rstp/*` show them. */
import type { Rstp } from '../../protocols/rstp.ts';
import type { RstpRole } from '../../protocols/rstp-types.ts';
import type { Stp } from '../../protocols/stp.ts';
import { millisecondsOf, type StpTimes } from '../../protocols/stp-types.ts';
import { type BridgeId, macOf, priorityOf } from '../../wire/bpdu.ts';
import type { OfprotoPort } from '../port.ts';

/** Times in whole seconds. */
interface TreeBridgeReport {
  readonly priority: number;
  readonly systemId: string;
  readonly helloTime: number;
  readonly maxAge: number;
  readonly forwardDelay: number;
}

interface TreePortReport {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly cost: number;
  readonly priority: number;
  readonly number: number;
}

export interface TreeReport {
  readonly name: string;
  /** Absent where it is not known which port leads to it. */
  readonly root?: TreeBridgeReport;
  readonly isRoot: boolean;
  /** Absent for the root. */
  readonly rootPort?: string;
  readonly rootPathCost?: number;
  readonly bridge: TreeBridgeReport;
  readonly ports: readonly TreePortReport[];
}

type Times = Pick<TreeBridgeReport, 'helloTime' | 'maxAge' | 'forwardDelay'>;

function bridgeReport(id: BridgeId, { helloTime, maxAge, forwardDelay }: Times): TreeBridgeReport {
  return { priority: priorityOf(id), systemId: macOf(id), helloTime, maxAge, forwardDelay };
}

function secondsOf({ helloTime, maxAge, forwardDelay }: StpTimes): Times {
  const whole = (ticks: number): number => Math.trunc(millisecondsOf(ticks) / 1000);
  return { helloTime: whole(helloTime), maxAge: whole(maxAge), forwardDelay: whole(forwardDelay) };
}

/** As the reference has it, beside the root are the times that this bridge would use, and beside itself those in use. */
export function reportStp(stp: Stp<OfprotoPort>): TreeReport {
  const { name, id, rootId, rootPathCost, rootPort, isRoot, times, ownTimes, ports } = stp;
  return {
    name,
    root: bridgeReport(rootId, secondsOf(ownTimes)),
    isRoot,
    ...(rootPort !== undefined && { rootPort: rootPort.name, rootPathCost }),
    bridge: bridgeReport(id, secondsOf(times)),
    ports: [...ports]
      .filter(([, { state }]) => state !== 'disabled')
      .map(([port, { settings, state, portId }]) => ({
        name: settings.name,
        role: stp.roleOf(port),
        state,
        cost: settings.pathCost,
        priority: portId >> 8,
        number: settings.number,
      })),
  };
}

export function reportRstp({
  name,
  id,
  isRoot,
  rootVector,
  rootPort,
  times,
  links,
}: Rstp<OfprotoPort>): TreeReport {
  const root = isRoot
    ? bridgeReport(id, times)
    : rootPort && bridgeReport(rootVector.rootId, rootPort.designatedTimes);
  const { rootPathCost } = rootVector;
  return {
    name,
    ...(root !== undefined && { root }),
    isRoot,
    ...(!isRoot && rootPort !== undefined && { rootPort: rootPort.settings.name, rootPathCost }),
    bridge: bridgeReport(id, times),
    ports: links.map(({ settings, role, state }) => ({
      name: settings.name,
      role: capitalized(role),
      state: capitalized(state),
      cost: settings.pathCost,
      priority: settings.priority,
      number: settings.number,
    })),
  };
}

/** Roles and states of RSTP are shown so. */
export function capitalized(word: RstpRole | 'discarding' | 'learning' | 'forwarding'): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

interface Layout {
  /** Columns that the priority of the root takes, with its name. */
  readonly priority: string;
  readonly costWidth: number;
}

const stpLayout: Layout = { priority: '  stp-priority  ', costWidth: 5 };
const rstpLayout: Layout = { priority: '  stp-priority    ', costWidth: 8 };

export const formatStp = (report: TreeReport): string => formatTree(report, stpLayout);
export const formatRstp = (report: TreeReport): string => formatTree(report, rstpLayout);

function formatTree(report: TreeReport, layout: Layout): string {
  const { name, root, isRoot, rootPort, rootPathCost, bridge, ports } = report;
  const { costWidth } = layout;
  const head = [`---- ${name} ----`, 'Root ID:'];
  if (root === undefined) return `${[...head, 'unknown root port'].join('\n')}\n`;
  return [
    ...head,
    ...bridgeLines(root, layout),
    ...(isRoot
      ? ['  This bridge is the root']
      : [`  root-port       ${rootPort ?? ''}`, `  root-path-cost  ${rootPathCost ?? 0}`]),
    '',
    'Bridge ID:',
    ...bridgeLines(bridge, layout),
    '',
    `  ${cell('Interface', 10)} ${cell('Role', 10)} ${cell('State', 10)} ${cell('Cost', costWidth)} Pri.Nbr `,
    `  ---------- ---------- ---------- ${'-'.repeat(costWidth)} -------`,
    ...ports.map((port) => {
      const { role, state, cost, priority, number } = port;
      const columns = [cell(port.name, 10), cell(role, 10), cell(state, 10), String(cost).padEnd(costWidth)];
      return `  ${columns.join(' ')} ${priority}.${number}`;
    }),
    '',
    '',
  ].join('\n');
}

/** Cut to its width, too. */
function cell(text: string, width: number): string {
  return text.slice(0, width).padEnd(width);
}

function bridgeLines(
  { priority, systemId, helloTime, maxAge, forwardDelay }: TreeBridgeReport,
  layout: Layout,
): string[] {
  return [
    `${layout.priority}${priority}`,
    `  stp-system-id   ${systemId}`,
    `  stp-hello-time  ${helloTime}s`,
    `  stp-max-age     ${maxAge}s`,
    `  stp-fwd-delay   ${forwardDelay}s`,
  ];
}
