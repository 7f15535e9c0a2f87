/** What a row of Mirror asks of a bridge: ovs-vswitchd.conf.db(5). Pure. */
import type { Uuid } from '../../base/units.ts';
import type { MirrorConfig } from '../../ofproto/mirrors/mirror-set.ts';
import type { OvsRow } from '../schema/index.ts';

export interface WantedMirror {
  /** Undefined where the row does not say where to. */
  readonly config: MirrorConfig | undefined;
  /** What of it cannot be done, each behind the bridge's name. */
  readonly refusals: readonly { readonly level: 'warn' | 'err'; readonly text: string }[];
}

/** `ports` are the names of the bridge's. */
export function readMirror(
  row: OvsRow<'Mirror'>,
  ports: ReadonlyMap<Uuid, string>,
  nameOf: (port: Uuid) => string,
): WantedMirror {
  const { name, select_all: selectsAll, output_port: port, output_vlan: vlan } = row;
  const refusals: { level: 'warn' | 'err'; text: string }[] = [];
  const refuse = (level: 'warn' | 'err', text: string): void =>
    void refusals.push({ level, text: `mirror ${name} ${text}` });
  const select = (ids: readonly Uuid[]): ReadonlySet<string> => {
    for (const id of ids)
      if (!ports.has(id)) refuse('warn', `cannot match on nonexistent port ${nameOf(id)}`);
    return new Set(ids.flatMap((id) => ports.get(id) ?? []));
  };
  const outputPort = port === undefined ? undefined : ports.get(port);
  if (port === undefined && vlan === undefined) refuse('err', 'does not specify output; ignoring');
  else if (port !== undefined && outputPort === undefined) refuse('err', 'outputs to port not on bridge');
  else if (port !== undefined && vlan !== undefined)
    refuse('err', 'specifies both output port and output vlan; ignoring output vlan');
  const output =
    outputPort !== undefined
      ? { port: outputPort }
      : port === undefined && vlan !== undefined
        ? { vlan }
        : undefined;
  if (output === undefined) return { config: undefined, refusals };
  const config = {
    id: row._uuid,
    name,
    sources: selectsAll ? 'all' : select(row.select_src_port),
    destinations: selectsAll ? 'all' : select(row.select_dst_port),
    vlans: row.select_vlan,
    output,
    snapLength: row.snaplen ?? 0,
  } as const;
  return { config, refusals };
}
