/**
 * Ports and tables by the names that a switch gives them: ovs-ofctl(8) --names. It is asked for them when the first name
 * is needed, and only once.
 */
import { Malformed } from '../../base/errors.ts';
import { Fatal } from '../../daemon/program.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import type { PortDescription } from '../../openflow/messages/port-description.ts';
import { portText, portTextOf, reservedPorts } from '../../openflow/ports.ts';
import {
  type Names,
  namesOf,
  noNames,
  type TableText,
  tableText,
  tableTextOf,
} from '../../openflow/text/names.ts';
import type { OfctlContext } from './context.ts';
import { openTarget } from './protocol.ts';
import { during } from './target.ts';

/** How ports and tables read and print. */
export interface NameText {
  readonly ports: typeof portText;
  readonly tables: TableText;
}

export const numbersOnly: NameText = { ports: portText, tables: tableText };

/** In the place of a `NameReader` where there is no switch to ask, or none may be asked. */
export const withoutNames = { read: <T>(read: (text: NameText) => T): T => read(numbersOnly) };

/** Of each switch, per run of a program. */
const fetched = new WeakMap<OfctlContext, Map<string, Promise<NameText>>>();

/** What is typed about the switch, for whoever reads it. */
export class NameReader {
  readonly #context: OfctlContext;
  readonly #target: string;
  #isAsked = false;
  #text: NameText;
  #isFetched: boolean;

  constructor(context: OfctlContext, target: string) {
    this.#context = context;
    this.#target = target;
    this.#isFetched = !context.names.areAccepted;
    const asking: Names = {
      ...noNames,
      numberOf: () => {
        this.#isAsked = true;
        return undefined;
      },
    };
    this.#text = this.#isFetched ? numbersOnly : textOf(asking, asking);
  }

  /**
   * What `read` makes of it: at once unless it needs names that are not known yet. Whatever is wrong is said after the
   * switch was asked. Throws what `read` throws, and Fatal.
   */
  read<T>(read: (text: NameText) => T): T | Promise<T> {
    if (this.#isFetched) return read(this.#text);
    try {
      const value = read(this.#text);
      if (!this.#isAsked) return value;
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
    }
    return this.#readAgain(read);
  }

  async #readAgain<T>(read: (text: NameText) => T): Promise<T> {
    this.#text = await fetchNames(this.#context, this.#target);
    this.#isFetched = true;
    return read(this.#text);
  }
}

/** How ports and tables of a switch are printed. Throws Fatal. */
export async function namesToShow(context: OfctlContext, target: string): Promise<NameText> {
  return context.names.areShown ? fetchNames(context, target) : numbersOnly;
}

/** The port of that number or name. Throws Fatal. */
export async function portNumber(context: OfctlContext, target: string, text: string): Promise<number> {
  const number = portText.read(text);
  if (number !== undefined) return number;
  const ports = context.names.areAccepted ? await fetchPorts(context, target) : [];
  const port = portTextOf(namesOfPorts(ports)).read(text);
  if (port === undefined) throw new Fatal(`${target}: unknown port \`${text}'`);
  return port;
}

function namesOfPorts(ports: readonly PortDescription[]): Names {
  return namesOf(ports.map(({ port, name }) => [port, name]));
}

/** Asks the switch over a connection of its own. Throws Fatal. */
export async function fetchPorts(context: OfctlContext, target: string): Promise<readonly PortDescription[]> {
  const connection = await openTarget(context, target);
  const ports = await during(`talking to ${target}`, listPorts(connection));
  connection.close();
  return ports;
}

function fetchNames(context: OfctlContext, target: string): Promise<NameText> {
  const known = fetched.get(context) ?? new Map<string, Promise<NameText>>();
  fetched.set(context, known);
  const names = known.get(target) ?? ask(context, target);
  known.set(target, names);
  return names;
}

/** Asks the switch over a connection of its own. */
async function ask(context: OfctlContext, target: string): Promise<NameText> {
  const connection = await openTarget(context, target);
  try {
    const ports = await during(`talking to ${target}`, listPorts(connection));
    const tables = await during(`talking to ${target}`, listTables(connection));
    return textOf(namesOfPorts(ports), namesOf(tables));
  } finally {
    connection.close();
  }
}

function textOf(ports: Names, tables: Names): NameText {
  return { ports: portTextOf(ports), tables: tableTextOf(tables) };
}

async function listPorts(connection: Connection): Promise<readonly PortDescription[]> {
  if (connection.version < 4) {
    const { value } = await connection.request({ name: 'FEATURES_REQUEST', value: undefined });
    return value.ports;
  }
  const ports: PortDescription[] = [];
  const request = { name: 'PORT_DESC_REQUEST', value: { port: reservedPorts.ANY } } as const;
  for await (const { value } of connection.multipart(request)) ports.push(...value);
  return ports;
}

/** Those that have names. */
async function listTables(connection: Connection): Promise<readonly (readonly [number, string])[]> {
  const named: [number, string][] = [];
  const add = ({ table, name }: { readonly table: number; readonly name: string }): void => {
    if (name !== '') named.push([table, name]);
  };
  if (connection.version < 4) {
    for await (const { value } of connection.multipart({ name: 'TABLE_REQUEST', value: undefined }))
      for (const { features } of value) add(features);
  } else {
    for await (const { value } of connection.multipart({ name: 'TABLE_FEATURES_REQUEST', value: [] }))
      for (const features of value) add(features);
  }
  return named;
}
