/** What to watch of flow tables as people write it: ovs-ofctl(8) "monitor", watch:SPEC. */
import { keyValues } from '../../flow/key-values.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import { readLeadingNumber, readTable, wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import { anyGroup } from '../messages/flow-mod.ts';
import { type FlowMonitorRequest, monitorFlags } from '../messages/monitor-request.ts';
import { reservedPorts } from '../ports.ts';
import { type ProtocolSet, protocolSets, protocolsOfField } from '../protocols/protocols.ts';

/** A request, and the protocols that can say it. */
export interface ReadMonitor {
  readonly request: FlowMonitorRequest;
  readonly usable: ProtocolSet;
}

const allTables = 0xff;
const { initial, add, delete: removed, modify, actions, own } = monitorFlags;
const everything = initial | add | removed | modify | actions | own;

/** What each takes away; abbreviation can't be asked for, so there is nothing to take away. */
const without: ReadonlyMap<string, number> = new Map([
  ['!initial', initial],
  ['!add', add],
  ['!delete', removed],
  ['!modify', modify],
  ['!actions', actions],
  ['!abbrev', 0],
  ['!own', own],
]);

/** `id` is what the switch knows the monitor by. Throws Malformed, whose `why` is the whole message. */
export function readMonitor(text: string, id: number, context: ActionText): ReadMonitor {
  const builder = new MatchBuilder();
  let usable: ProtocolSet = protocolSets.any;
  let flags = everything;
  let table = allTables;
  let outPort: number = reservedPorts.ANY;
  let outGroup = anyGroup;
  for (const { name, value } of keyValues(text)) {
    const flag = without.get(name);
    if (flag !== undefined) {
      flags &= ~flag;
      continue;
    }
    const said = builder.take(name, value, context.ports);
    if (said !== undefined) {
      if (said !== 'protocol') usable &= protocolsOfField(said.field, said.mask);
      if ((usable & protocolSets.openflow10) === 0)
        throw wrong(`${name}: match field is not supported for flow monitor`);
      continue;
    }
    if (value === '') throw wrong(`${text}: field ${name} missing value`);
    if (name === 'table') table = tableNamed(value, context);
    else if (name === 'out_port') outPort = readLeadingNumber(value, 16);
    else if (name === 'out_group') outGroup = readLeadingNumber(value, 32);
    else throw wrong(`${text}: unknown keyword ${name}`);
  }
  const request: FlowMonitorRequest = {
    ...{ id, command: 'add', flags, outPort, outGroup, table },
    match: builder.match,
  };
  return { request, usable };
}

function tableNamed(text: string, context: ActionText): number {
  const table = readTable(text, context);
  if (table === undefined) throw wrong(`unknown table "${text}"`);
  return table;
}
