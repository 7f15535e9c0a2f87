/**
 * Connections of a protocol that can say what a command means to, among those that the options allow: ovs-ofctl(8) -O
 * and -F.
 * Differs: where -O does not say which version to speak and OpenFlow 1.0 will not do, because the command or the switch
 * needs a later one, that is spoken, and a line on standard error says so. The reference refuses.
 */
import { Fatal } from '../../daemon/program.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import type { ConnectionEvents } from '../../openflow/connection/connection-options.ts';
import { ErrorReply } from '../../openflow/connection/replies.ts';
import { protocolStep } from '../../openflow/protocols/protocol-messages.ts';
import {
  formatProtocols,
  initialProtocol,
  type Protocol,
  type ProtocolSet,
  protocolSets,
  protocolsIn,
  versionsOf,
} from '../../openflow/protocols/protocols.ts';
import { versionName } from '../../openflow/versions.ts';
import type { Allowed } from './allowed.ts';
import type { OfctlContext } from './context.ts';
import { connectTarget, during, type SwitchTargetOptions } from './target.ts';

/** A connection, and what it speaks. */
export interface Session {
  readonly connection: Connection;
  readonly protocol: Protocol;
}

/** Connects to a switch, in whichever of the allowed versions it speaks. Throws Fatal. */
export async function openTarget(
  context: OfctlContext,
  target: string,
  options?: SwitchTargetOptions,
): Promise<Connection> {
  return connect(context, target, context.allowed, protocolSets.any, options);
}

/** A connection for changes that `usable` can say: in its first protocol where that will do. Throws Fatal. */
export async function openForChanges(
  context: OfctlContext,
  target: string,
  usable: ProtocolSet,
  events?: ConnectionEvents,
): Promise<Session> {
  const order = (initial: Protocol, wanted: ProtocolSet): readonly Protocol[] =>
    (initial & wanted) !== 0 ? [initial] : protocolsIn(wanted).filter((protocol) => protocol !== initial);
  return open(context, target, usable, order, events);
}

/** A connection for questions that `usable` can say: in the protocol whose answers tell most. Throws Fatal. */
export async function openForDump(
  context: OfctlContext,
  target: string,
  usable: ProtocolSet,
  events?: ConnectionEvents,
): Promise<Session> {
  const order = (_: Protocol, wanted: ProtocolSet): readonly Protocol[] =>
    protocolsIn(wanted & withoutTableId).reverse();
  return open(context, target, usable, order, events, usable & withoutTableId);
}

/** Questions tell their table without the extension for it. */
const withoutTableId = ~(protocolSets.openflow10 & protocolSets.tableId);

/** `order` says which protocols to try, given that which the connection begins with and those that will do. */
async function open(
  context: OfctlContext,
  target: string,
  usable: ProtocolSet,
  order: (initial: Protocol, wanted: ProtocolSet) => readonly Protocol[],
  events?: ConnectionEvents,
  tried = usable,
): Promise<Session> {
  const allowed = allowedFor(context, usable, { tried });
  const connection = await connect(context, target, allowed, usable, { events });
  const initial = initialProtocol(connection.version);
  const isWidened = !allowed.versions.includes(connection.version);
  const wanted = usable & (isWidened ? allowed.formats : allowed.protocols);
  const state = { protocol: initial };
  for (const protocol of order(initial, wanted))
    if (await trySetProtocol(connection, state, protocol)) return { connection, protocol };
  throw new Fatal(`switch does not support any of the usable flow formats (${formatProtocols(usable)})`);
}

/**
 * What may be spoken to say what `usable` can, of which those of `tried` will be. Throws Fatal, in other words where
 * `why` has them.
 */
export function allowedFor(
  context: OfctlContext,
  usable: ProtocolSet,
  { tried = usable, why }: { readonly tried?: ProtocolSet; readonly why?: string } = {},
): Allowed {
  const { allowed, warn } = context;
  if ((tried & allowed.protocols) !== 0) return allowed;
  const later = allowed.isFixed ? 0 : tried & allowed.formats;
  if (later === 0 && (usable & allowed.protocols) !== 0) return allowed;
  if (later === 0)
    throw new Fatal(
      why ??
        `none of the usable flow formats (${formatProtocols(usable)}) is among the allowed flow formats (${formatProtocols(allowed.protocols)})`,
    );
  const versions = versionsOf(later);
  warn(
    `this needs ${versions.map(versionName).join(' or ')}, which is spoken since -O does not say otherwise`,
  );
  return { ...allowed, versions, protocols: later };
}

/** Where the switch has none of the versions, and none was asked for, any other that will do is spoken. */
async function connect(
  context: OfctlContext,
  target: string,
  { versions, isFixed, formats }: Allowed,
  usable: ProtocolSet,
  options?: SwitchTargetOptions,
): Promise<Connection> {
  const what = `${target}: failed to connect to socket`;
  let offered: readonly number[] = [];
  const onOffer = (theirs: readonly number[]): void => {
    offered = theirs;
  };
  try {
    return await connectTarget(context, target, versions, { ...options, onOffer });
  } catch (why) {
    const others = versionsOf(usable & formats);
    const isOther = others.some((version) => !versions.includes(version) && offered.includes(version));
    if (isFixed || !isOther) return during(what, Promise.reject(why));
    const connection = await during(what, connectTarget(context, target, others, options));
    context.warn(
      `${target} is spoken to in ${versionName(connection.version)} since -O does not say otherwise`,
    );
    return connection;
  }
}

/** Keeps in `state` what is spoken. Throws Fatal where the connection ends. */
async function trySetProtocol(
  connection: Connection,
  state: { protocol: Protocol },
  wanted: Protocol,
): Promise<boolean> {
  for (;;) {
    const step = protocolStep(state.protocol, wanted);
    if (step === undefined) return state.protocol === wanted;
    try {
      await during(`talking to ${connection.name}`, connection.perform(step.message));
    } catch (why) {
      if (why instanceof ErrorReply) return false;
      throw why;
    }
    state.protocol = step.next;
  }
}
