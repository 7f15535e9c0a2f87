/**
 * VLANs that ports are to carry for services of the network, as Auto Attach asks: they are put among the trunks of the
 * port's row. ovs-vswitchd.conf.db(5), Port, trunks.
 */
import type { Uuid } from '../../base/units.ts';
import type { OvsChange, OvsRow } from '../schema/index.ts';

export class AttachedVlans {
  /** Whether each is wanted, until the row says so: what is written may not be there yet when more is asked for. */
  readonly #asked = new Map<Uuid, Map<number, boolean>>();
  readonly #unwritten = new Set<Uuid>();

  ask(port: Uuid, vlan: number, isWanted: boolean): void {
    const asked = this.#asked.get(port) ?? new Map<number, boolean>();
    asked.set(vlan, isWanted);
    this.#asked.set(port, asked);
    this.#unwritten.add(port);
  }

  /** Rows of ports that are to be changed, and how; each once. */
  takeChanges(rowOf: (port: Uuid) => OvsRow<'Port'> | undefined): (readonly [Uuid, OvsChange<'Port'>])[] {
    const changes = [...this.#unwritten].flatMap((port) => {
      const row = rowOf(port);
      const asked = [...(this.#asked.get(port) ?? [])];
      const open = row === undefined ? [] : asked.filter(([vlan, is]) => row.trunks.includes(vlan) !== is);
      if (row === undefined || open.length === 0) this.#asked.delete(port);
      else this.#asked.set(port, new Map(open));
      return row === undefined || open.length === 0 ? [] : [[port, changeOf(row, new Map(open))] as const];
    });
    this.#unwritten.clear();
    return changes;
  }
}

/**
 * One VLAN after the other, as the reference, which makes a port that is left with one a trunk, and one that is left with
 * none an access port: a trunk without a list carries all.
 */
function changeOf({ trunks }: OvsRow<'Port'>, asked: ReadonlyMap<number, boolean>): OvsChange<'Port'> {
  let left = trunks;
  let mode: OvsChange<'Port'> = {};
  for (const [vlan, isWanted] of asked) {
    left = isWanted ? [...left, vlan] : left.filter((one) => one !== vlan);
    if (left.length < 2) mode = { vlan_mode: left.length === 0 ? 'access' : 'trunk' };
  }
  return { ...mode, trunks: left };
}
