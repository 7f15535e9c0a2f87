/**
 * From what is to what is wanted, as a list of steps: pure, so that tests compare lists and `config/plan` prints them.
 * Looks only at the bridges and ports that a change touched (`Dirty`): the cost follows what changed.
 */
import { isDeepStrictEqual } from 'node:util';
import { orderAsHashed, placeAmong } from '../../base/hash-order.ts';
import { compareBytes } from '../../base/text.ts';
import type { OfPort, Uuid } from '../../base/units.ts';
import { localPort } from '../../ofproto/port.ts';
import type { WantedInterface } from '../config/interface-rows.ts';
import type { Dirty } from '../config/model.ts';
import type { WantedPort } from '../config/port-rows.ts';
import type { BridgeSettings, WantedBridge } from '../config/wanted.ts';

/** One device row as it was last applied; without a number it could not be added. */
export interface ActualInterface {
  readonly wanted: WantedInterface;
  readonly port: string;
  readonly ofPort: OfPort | undefined;
  /** Its kernel device is no longer there, or has been replaced. */
  readonly mustReopen: boolean;
}

export interface ActualBridge {
  readonly id: Uuid;
  readonly name: string;
  readonly settings: BridgeSettings;
  readonly ports: ReadonlyMap<string, WantedPort>;
  readonly interfaces: ReadonlyMap<string, ActualInterface>;
  /** Names of those that have another number than they ask for. */
  readonly discontent: ReadonlySet<string>;
}

interface InterfaceStep {
  readonly bridge: string;
  readonly wanted: WantedInterface;
}

export interface AddInterface extends InterfaceStep {
  readonly do: 'addInterface';
  readonly port: WantedPort;
}

export type Step =
  /** With all that is in it. */
  | { readonly do: 'removeBridge'; readonly bridge: string }
  | {
      readonly do: 'removeInterface';
      readonly bridge: string;
      readonly name: string;
      readonly why: RemovalReason;
    }
  | { readonly do: 'removePort'; readonly bridge: string; readonly port: string }
  | { readonly do: 'addBridge'; readonly bridge: string; readonly wanted: WantedBridge }
  | { readonly do: 'configureBridge'; readonly bridge: string; readonly wanted: WantedBridge }
  | AddInterface
  | ({ readonly do: 'configureInterface' } & InterfaceStep)
  | { readonly do: 'setPort'; readonly bridge: string; readonly wanted: WantedPort }
  /** Picks the bridge's address, datapath id and the sizes that follow from its ports. */
  | { readonly do: 'settleBridge'; readonly bridge: string };

type RemovalReason = 'unwanted' | 'type changed' | 'number changed' | 'device gone';

/** Removals come first: they free names and numbers. */
const phases: readonly Step['do'][] = [
  'removeInterface',
  'removePort',
  'removeBridge',
  'addBridge',
  'configureBridge',
  'addInterface',
  'configureInterface',
  'setPort',
  'settleBridge',
];

export interface Pair {
  readonly actual: ReadonlyMap<string, ActualBridge>;
  readonly wanted: ReadonlyMap<string, WantedBridge>;
}

/** What turns `actual` into `wanted`, as far as `dirty` reaches. */
export function plan({ actual, wanted }: Pair, dirty: Dirty): Step[] {
  const steps: Step[] = [];
  for (const [name, ports] of dirty) {
    const is = actual.get(name);
    const want = wanted.get(name);
    if (want === undefined) {
      if (is !== undefined) steps.push({ do: 'removeBridge', bridge: name });
    } else steps.push(...planBridge(is, want, ports));
  }
  return inOrder(steps, wanted);
}

function planBridge(is: ActualBridge | undefined, want: WantedBridge, dirtyPorts: Iterable<string>): Step[] {
  const bridge = want.name;
  const isRemade = is !== undefined && is.settings.datapathType !== want.settings.datapathType;
  const steps: Step[] = isRemade ? [{ do: 'removeBridge', bridge }] : [];
  if (is === undefined || isRemade) {
    steps.push({ do: 'addBridge', bridge, wanted: want });
    for (const port of want.ports.values()) steps.push(...planPort(undefined, port, bridge, noMoves.names));
  } else {
    if (is.id !== want.id || !isDeepStrictEqual(is.settings, want.settings))
      steps.push({ do: 'configureBridge', bridge, wanted: want });
    const moves = numberMoves(is, want, dirtyPorts);
    for (const port of new Set([...dirtyPorts, ...moves.ports])) {
      const wanted = want.ports.get(port);
      if (wanted !== undefined) steps.push(...planPort(is, wanted, bridge, moves.names));
      else if (is.ports.has(port)) steps.push(...planRemovedPort(is, port));
    }
  }
  if (steps.length > 0) steps.push({ do: 'settleBridge', bridge });
  return steps;
}

/** Interfaces that are to be made anew for the sake of their numbers, and the ports that they are of. */
interface NumberMoves {
  readonly names: ReadonlySet<string>;
  readonly ports: ReadonlySet<string>;
}

const noMoves: NumberMoves = { names: new Set(), ports: new Set() };

/**
 * Who asks for another number than it has moves, and so does who has that number without asking for it. Where both
 * ask for it, it stays where it is, and the other one is asked again with each change of the bridge. One that is made
 * anew as another type takes what is free first, as in the reference, and moves in the round that follows.
 */
function numberMoves(is: ActualBridge, want: WantedBridge, dirtyPorts: Iterable<string>): NumberMoves {
  const names = new Set<string>();
  const ports = new Set<string>();
  for (const port of portsWithRequests(is, dirtyPorts)) {
    for (const { name, type, ofportRequest } of want.ports.get(port)?.interfaces ?? []) {
      const current = is.interfaces.get(name);
      const number = current?.wanted.type === type ? current.ofPort : undefined;
      if (number === undefined || !isDiscontent(number, ofportRequest)) continue;
      const holder = holderOfNumber(is, ofportRequest);
      const wanted = holder && want.ports.get(holder.port)?.interfaces.find((i) => i.name === holder.name);
      if (wanted?.ofportRequest === ofportRequest) continue;
      names.add(name);
      ports.add(port);
      if (holder === undefined) continue;
      names.add(holder.name);
      ports.add(holder.port);
    }
  }
  return { names, ports };
}

/** The local port has its number by right. */
export function isDiscontent(number: OfPort, request: OfPort | undefined): request is OfPort {
  return request !== undefined && request !== number && number !== localPort;
}

/** Where the requests may have changed, or could not be met. */
function portsWithRequests(is: ActualBridge, dirtyPorts: Iterable<string>): ReadonlySet<string> {
  const ports = new Set(dirtyPorts);
  for (const name of is.discontent) {
    const port = is.interfaces.get(name)?.port;
    if (port !== undefined) ports.add(port);
  }
  return ports;
}

function holderOfNumber(is: ActualBridge, number: OfPort): { name: string; port: string } | undefined {
  for (const [name, i] of is.interfaces) if (i.ofPort === number) return { name, port: i.port };
  return undefined;
}

function planRemovedPort(is: ActualBridge, port: string): Step[] {
  const bridge = is.name;
  const steps: Step[] = interfacesOf(is, port).map(([name]) => ({
    do: 'removeInterface',
    bridge,
    name,
    why: 'unwanted',
  }));
  return [...steps, { do: 'removePort', bridge, port }];
}

function planPort(
  is: ActualBridge | undefined,
  want: WantedPort,
  bridge: string,
  moving: ReadonlySet<string>,
): Step[] {
  const steps: Step[] = [];
  const port = want.name;
  const names = new Set(want.interfaces.map((i) => i.name));
  for (const [name] of is === undefined ? [] : interfacesOf(is, port)) {
    if (!names.has(name)) steps.push({ do: 'removeInterface', bridge, name, why: 'unwanted' });
  }
  for (const wanted of want.interfaces) {
    const current = is?.interfaces.get(wanted.name);
    const own = current?.port === port ? current : undefined;
    steps.push(...planInterface(own, wanted, { bridge, port: want, isMoving: moving.has(wanted.name) }));
  }
  const known = is?.ports.get(port);
  // Interfaces that differ have steps of their own already.
  const isSame =
    known !== undefined && isDeepStrictEqual({ ...known, interfaces: [] }, { ...want, interfaces: [] });
  if (steps.length > 0 || !isSame) steps.push({ do: 'setPort', bridge, wanted: want });
  return steps;
}

function planInterface(
  is: ActualInterface | undefined,
  wanted: WantedInterface,
  { bridge, port, isMoving }: { bridge: string; port: WantedPort; isMoving: boolean },
): Step[] {
  const add: Step = { do: 'addInterface', bridge, port, wanted };
  if (is === undefined) return [add];
  const why = reasonToRemake(is, wanted, isMoving);
  if (why !== undefined) return [{ do: 'removeInterface', bridge, name: wanted.name, why }, add];
  if (is.ofPort === undefined) return [add];
  return isSameConfig(is.wanted, wanted) ? [] : [{ do: 'configureInterface', bridge, wanted }];
}

function reasonToRemake(
  is: ActualInterface,
  wanted: WantedInterface,
  isMoving: boolean,
): RemovalReason | undefined {
  if (is.wanted.type !== wanted.type) return 'type changed';
  if (is.mustReopen) return 'device gone';
  return isMoving ? 'number changed' : undefined;
}

/** The number in the database is what we wrote there ourselves. */
function isSameConfig(a: WantedInterface, b: WantedInterface): boolean {
  return isDeepStrictEqual({ ...a, ofport: undefined }, { ...b, ofport: undefined });
}

function interfacesOf(is: ActualBridge, port: string): [string, ActualInterface][] {
  return (is.ports.get(port)?.interfaces ?? []).flatMap(({ name }) => {
    const current = is.interfaces.get(name);
    return current?.port === port ? [[name, current]] : [];
  });
}

function inOrder(steps: readonly Step[], wanted: Pair['wanted']): Step[] {
  const byPhase = new Map<Step['do'], Step[]>(phases.map((phase) => [phase, []]));
  const settled = new Set<string>();
  const newBridges = new Set(steps.flatMap((step) => (step.do === 'addBridge' ? step.bridge : [])));
  for (const step of steps) {
    if (step.do === 'settleBridge') {
      if (settled.has(step.bridge)) continue;
      settled.add(step.bridge);
    }
    byPhase.get(step.do)?.push(step);
  }
  byPhase.set('addInterface', additionsInOrder(steps.filter(isAddition), wanted, newBridges));
  return phases.flatMap((phase) => byPhase.get(phase) ?? []);
}

export function isAddition(step: Step): step is AddInterface {
  return step.do === 'addInterface';
}

/**
 * As the reference goes over bridges, and ports of a bridge, so that ports of one transaction get the numbers that it
 * would give them: first those that ask for a number, then those that take what is left. In a bridge that is made
 * anew, numbers of before are as good as asked for; what the host's network goes over comes first among these.
 */
function additionsInOrder(
  steps: readonly AddInterface[],
  wanted: Pair['wanted'],
  newBridges: ReadonlySet<string>,
): AddInterface[] {
  // The order of all bridges costs what there are, so it is only looked for where it matters.
  const isOneBridge = steps.every(({ bridge }) => bridge === steps[0]?.bridge);
  const bridges = isOneBridge ? [] : orderAsHashed([...wanted.keys()], (name) => name);
  const placeOf = new Map(bridges.map((name, place) => [name, place]));
  const ranked = steps.map((step) => {
    const portCount = wanted.get(step.bridge)?.ports.size ?? 0;
    const numberRank = additionRank(step, newBridges.has(step.bridge));
    return { step, rank: [placeOf.get(step.bridge) ?? 0, numberRank, placeAmong(step.port.name, portCount)] };
  });
  const ties = new HashedPorts(wanted);
  ranked.sort((a, b) => compareRanks(a.rank, b.rank) || ties.compare(a.step, b.step));
  return ranked.map(({ step }) => step);
}

function additionRank({ bridge, wanted }: AddInterface, isNewBridge: boolean): number {
  if (wanted.ofportRequest !== undefined) return 0;
  if (!isNewBridge || wanted.ofport === undefined) return 4;
  if (wanted.name === bridge) return 1;
  return wanted.type === 'system' ? 2 : 3;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((rank, n) => rank !== b[n]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** The reference's table of the ports of a bridge, which takes them in by their uuids. Made where two share a bucket. */
class HashedPorts {
  readonly #wanted: Pair['wanted'];
  readonly #places = new Map<string, ReadonlyMap<string, number>>();

  constructor(wanted: Pair['wanted']) {
    this.#wanted = wanted;
  }

  /** Two additions to one bridge. */
  compare(a: AddInterface, b: AddInterface): number {
    const places = this.#placesIn(a.bridge);
    return (
      (places.get(a.port.name) ?? 0) - (places.get(b.port.name) ?? 0) ||
      compareBytes(a.wanted.id, b.wanted.id)
    );
  }

  #placesIn(bridge: string): ReadonlyMap<string, number> {
    let places = this.#places.get(bridge);
    if (places === undefined) {
      const ports = [...(this.#wanted.get(bridge)?.ports.values() ?? [])];
      ports.sort((a, b) => compareBytes(a.id, b.id));
      places = new Map(orderAsHashed(ports, ({ name }) => name).map(({ name }, place) => [name, place]));
      this.#places.set(bridge, places);
    }
    return places;
  }
}

/** One line, for the log and `config/plan`. */
export function formatStep(step: Step): string {
  switch (step.do) {
    case 'removeInterface':
      return `${step.bridge}: remove interface ${step.name} (${step.why})`;
    case 'addInterface':
      return `${step.bridge}: add interface ${step.wanted.name} (${step.wanted.type})`;
    case 'configureInterface':
      return `${step.bridge}: configure interface ${step.wanted.name}`;
    case 'setPort':
      return `${step.bridge}: set port ${step.wanted.name}`;
    case 'removePort':
      return `${step.bridge}: remove port ${step.port}`;
    case 'addBridge':
      return `${step.bridge}: add bridge (${step.wanted.settings.datapathType})`;
    case 'configureBridge':
      return `${step.bridge}: configure bridge`;
    case 'removeBridge':
      return `${step.bridge}: remove bridge`;
    case 'settleBridge':
      return `${step.bridge}: settle addresses`;
  }
}
