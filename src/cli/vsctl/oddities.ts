/**
 * What is odd about bridges, ports and interfaces in the database: the same port or interface in several places,
 * bridges of one name, fake bridges of one VLAN. The database takes it, the switch acts on one of them, and every
 * command that works on bridges warns of all there is.
 */
import type { JsonObject } from '../../rpc/channel.ts';
import type { CommandDef, Context } from '../db-ctl/command.ts';
import { tableNamed } from '../db-ctl/schema.ts';
import type { Work } from '../db-ctl/work.ts';
import { isVlan } from './model.ts';

export interface BridgeCommandDef extends CommandDef {
  /** Throws CommandFailed for arguments that are wrong by themselves; oddities are not told then. */
  check?(context: Context): void;
}

/** A command that tells of all oddities before it does its work, if none before it has. */
export function lookingAround(def: BridgeCommandDef): CommandDef {
  return {
    ...def,
    prepare(command, prep) {
      for (const [table, columns] of quickLook)
        prep.snapshot.prepareSurvey(tableNamed(prep.schema, table), columns);
      def.prepare?.(command, prep);
    },
    run(context) {
      def.check?.(context);
      lookAround(context);
      def.run?.(context);
    },
  };
}

const looked = new WeakSet<Work>();

/** For a bridge that is made: the next command is to look around once more. */
export function lookAgain(work: Work): void {
  looked.delete(work);
}

/** Enough to see that nothing is odd, as nearly always. */
const quickLook = [
  ['Bridge', ['ports']],
  ['Port', ['interfaces', 'fake_bridge']],
] as const;

function lookAround({ work, warn }: Context): void {
  if (looked.has(work)) return;
  looked.add(work);
  const survey = (table: string, columns: readonly string[]) =>
    work.snapshot.survey(work.table(table), columns);
  const [bridges = [], ports = []] = quickLook.map(([table, columns]) => survey(table, columns));
  const isPlain =
    areDistinct(bridges, 'ports') &&
    areDistinct(ports, 'interfaces') &&
    !ports.some((port) => port.fake_bridge === true);
  if (isPlain) return;
  const oddities = new Oddities(
    survey('Bridge', ['name', 'ports']),
    survey('Port', ['name', 'interfaces', 'fake_bridge', 'tag']),
    survey('Interface', ['name']),
  );
  for (const text of oddities.texts) warn('vsctl', text);
}

function areDistinct(rows: readonly JsonObject[], column: string): boolean {
  const all = rows.flatMap((row) => uuidsOf(row, column));
  return new Set(all).size === all.length;
}

/** A real bridge. */
interface Place {
  readonly bridge: JsonObject;
  /** The names of its fake bridges, by VLAN. */
  readonly fakes: ReadonlyMap<number, string>;
  /** The ports that make those, or could if the VLAN were free. */
  readonly makers: ReadonlySet<JsonObject>;
}

class Oddities {
  /** In the reference's order and words. */
  readonly texts: string[] = [];
  readonly #ports: ReadonlyMap<string, JsonObject>;
  readonly #interfaces: ReadonlyMap<string, JsonObject>;
  /** Where each port and each interface was met first. */
  readonly #placeOf = new Map<JsonObject, Place>();
  readonly #portOf = new Map<string, JsonObject>();

  constructor(
    bridges: readonly JsonObject[],
    ports: readonly JsonObject[],
    interfaces: readonly JsonObject[],
  ) {
    this.#ports = new Map(ports.map((row) => [idOf(row), row]));
    this.#interfaces = new Map(interfaces.map((row) => [idOf(row), row]));
    const ordered = bridges.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    for (const place of this.#placesOf(ordered)) {
      for (const port of this.#portsOf(place.bridge)) this.#lookAtPort(port, place);
    }
  }

  /** A bridge counts unless one before it, or a fake bridge of one before it, has its name. */
  #placesOf(bridges: readonly JsonObject[]): Place[] {
    const names = new Set<string>();
    return bridges.flatMap((bridge) => {
      const name = nameOf(bridge);
      if (names.has(name)) {
        this.texts.push(`${name}: database contains duplicate bridge name`);
        return [];
      }
      names.add(name);
      return [this.#placeFor(bridge, names)];
    });
  }

  #placeFor(bridge: JsonObject, names: Set<string>): Place {
    const fakes = new Map<number, string>();
    const makers = new Set<JsonObject>();
    for (const port of this.#portsOf(bridge)) {
      const [name, vlan] = [nameOf(port), fakeVlanOf(port)];
      if (vlan === undefined || names.has(name)) continue;
      names.add(name);
      makers.add(port);
      const other = fakes.get(vlan);
      if (other === undefined) fakes.set(vlan, name);
      else {
        const both = `(${name} and ${other}) for VLAN ${vlan}`;
        this.texts.push(
          `${nameOf(bridge)}: bridge has multiple VLAN bridges ${both}, but only one is allowed`,
        );
      }
    }
    return { bridge, fakes, makers };
  }

  #lookAtPort(port: JsonObject, place: Place): void {
    const first = this.#placeOf.get(port);
    if (first !== undefined) {
      const own = typeof port.tag === 'number' ? first.fakes.get(port.tag) : undefined;
      const names = `${nameOf(place.bridge)} and ${own ?? nameOf(first.bridge)}`;
      this.texts.push(`${nameOf(port)}: port is in multiple bridges (${names})`);
      return;
    }
    if (fakeVlanOf(port) !== undefined && !place.makers.has(port)) return;
    this.#placeOf.set(port, place);
    for (const id of uuidsOf(port, 'interfaces').sort()) {
      const owner = this.#portOf.get(id);
      if (owner === undefined) this.#portOf.set(id, port);
      else {
        const names = `${nameOf(owner)} and ${nameOf(port)}`;
        const name = nameOf(this.#interfaces.get(id));
        this.texts.push(`${name}: interface is in multiple ports (${names})`);
      }
    }
  }

  /** In the order of their uuids. */
  #portsOf(bridge: JsonObject): JsonObject[] {
    const ids = uuidsOf(bridge, 'ports').sort();
    return ids.map((id) => this.#ports.get(id)).filter((port) => port !== undefined);
  }
}

/** The VLAN of the fake bridge that a port makes, if it is to make one. */
function fakeVlanOf({ fake_bridge, tag }: JsonObject): number | undefined {
  return fake_bridge === true && isVlan(tag) ? tag : undefined;
}

function nameOf(row: JsonObject | undefined): string {
  return String(row?.name ?? '');
}

function idOf(row: JsonObject): string {
  return uuidsOf(row, '_uuid')[0] ?? '';
}

/** Of a column that holds uuids: `["uuid", ID]`, or `["set", [...]]` of such. */
function uuidsOf(row: JsonObject, column: string): string[] {
  const json = row[column];
  if (!Array.isArray(json)) return [];
  const [kind, value] = json;
  if (kind === 'uuid') return [String(value)];
  return Array.isArray(value) ? value.flatMap((atom) => (Array.isArray(atom) ? String(atom[1]) : [])) : [];
}
