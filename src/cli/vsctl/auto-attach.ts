/** Auto-Attach commands: the map of I-SIDs to VLANs of a bridge. */
import type { Context } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { WorkRow } from '../db-ctl/work.ts';
import { needBridge } from './model.ts';
import { prepareBridge } from './names.ts';
import type { BridgeCommandDef } from './oddities.ts';

export const autoAttachCommands: readonly BridgeCommandDef[] = [
  mappingCommand('add-aa-mapping', 3, true, addMapping),
  mappingCommand('del-aa-mapping', 3, true, deleteMapping),
  mappingCommand('get-aa-mapping', 1, false, (context) => {
    const { row } = needBridge(context.work, context.arg(0));
    row.verify('auto_attach');
    const attach = attachRow(context, row);
    attach?.verify('mappings');
    const pairs = attach?.pairs('mappings') ?? [];
    context.printList(
      pairs.map(([isid, vlan]) => `${isid} ${vlan}`),
      pairs.map(([isid, vlan]) => ({ isid: Number(isid), vlan: Number(vlan) })),
    );
  }),
];

function mappingCommand(
  name: string,
  argCount: number,
  mayWrite: boolean,
  run: (context: Context) => void,
): BridgeCommandDef {
  return {
    name,
    minArgs: argCount,
    maxArgs: argCount,
    arguments: argCount === 3 ? 'BRIDGE ARG ARG' : 'BRIDGE',
    options: [],
    mayWrite,
    prepare: (command, prep) => prepareBridge(prep, command.args[0] ?? '', ['auto_attach']),
    ...(argCount === 3 ? { check: readMapping } : {}),
    run,
  };
}

function attachRow(context: Context, bridge: WorkRow): WorkRow | undefined {
  const id = bridge.text('auto_attach');
  return id === undefined ? undefined : context.work.row('AutoAttach', id, ['mappings']);
}

function readMapping(context: Context): [isid: number, vlan: number] {
  return [readNumber(context.arg(1)), readNumber(context.arg(2))];
}

/** Digits at the start count, as strtoull has it. */
function readNumber(text: string): number {
  const digits = /^[ \t-\r]*[-+]?[0-9]+/.exec(text);
  if (digits === null) throw new CommandFailed(`Invalid argument ${text}`);
  return Number(digits[0]);
}

function addMapping(context: Context): void {
  const [isid, vlan] = readMapping(context);
  const { row: bridge } = needBridge(context.work, context.arg(0));
  let attach = attachRow(context, bridge);
  if (attach === undefined) {
    attach = context.work.insert('AutoAttach', {});
    bridge.set('auto_attach', attach.id);
  }
  const kept = attach.pairs('mappings').filter(([key]) => key !== isid);
  attach.set('mappings', [...kept.flat(), isid, vlan]);
}

/** Takes out every mapping that shares the I-SID or the VLAN with the given one, if that one exists. */
function deleteMapping(context: Context): void {
  const [isid, vlan] = readMapping(context);
  const attach = attachRow(context, needBridge(context.work, context.arg(0)).row);
  if (attach === undefined) return;
  const pairs = attach.pairs('mappings');
  if (!pairs.some(([key, value]) => key === isid && value === vlan)) return;
  attach.set('mappings', pairs.filter(([key, value]) => key !== isid && value !== vlan).flat());
}
