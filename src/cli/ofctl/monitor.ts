/** Commands that print what a switch says of its own accord, until it or the user ends it: monitor and snoop. */
import { Malformed } from '../../base/errors.ts';
import { Fatal } from '../../daemon/program.ts';
import { readLeadingNumber } from '../../openflow/actions/arguments.ts';
import { messageBytes } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import { ErrorReply } from '../../openflow/connection/replies.ts';
import type { PacketInFormat } from '../../openflow/messages/extensions.ts';
import { formatProtocols, protocolsOfVersions } from '../../openflow/protocols/protocols.ts';
import { readMonitor } from '../../openflow/text/monitors.ts';
import { versionName, type WireVersion } from '../../openflow/versions.ts';
import { perform } from './changes.ts';
import { fetchConfig } from './configuration.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { becomeDaemon, runWatcher } from './monitor-control.ts';
import { NameReader, type NameText, namesToShow } from './names.ts';
import { openTarget } from './protocol.ts';
import { shownMessage } from './show.ts';
import { during } from './target.ts';
import { Watcher } from './watcher.ts';

/** What `monitor SWITCH [MISS-LEN] [invalid_ttl] [watch:SPEC]` does. */
export async function monitor(context: OfctlContext, args: readonly string[]): Promise<void> {
  const daemon = await becomeDaemon(context);
  const [target = '', ...wishes] = args;
  const given = wishes.includes('invalid_ttl') ? forInvalidTtl(context) : context;
  const watcher = new Watcher(given, { answers: true, resumes: wishes.includes('resume') });
  const connection = await openTarget(given, target, { events: watcher });
  const set = new Setup(given, target, connection, watcher);
  for (const wish of wishes) await set.obey(wish);
  watcher.names = await namesToShow(given, target);
  await set.packetInFormat();
  await runWatcher(given, connection, watcher, daemon);
}

/** What `snoop SWITCH` does. */
export async function snoop(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  const daemon = await becomeDaemon(context);
  const watcher = new Watcher(context, { answers: false, resumes: false });
  watcher.keepAll();
  const connection = await openTarget(context, target, { purpose: 'snoop', events: watcher });
  await runWatcher(context, connection, watcher, daemon);
}

/** Those that have the flag for it. */
const invalidTtlVersions: readonly WireVersion[] = [1, 2, 3];

/** Offers no other versions. Throws Fatal. */
function forInvalidTtl(context: OfctlContext): OfctlContext {
  const { allowed } = context;
  const versions = allowed.versions.filter((version) => invalidTtlVersions.includes(version));
  if (versions.length === 0)
    throw new Fatal(
      `invalid_ttl requires one of the OpenFlow versions ${invalidTtlVersions.map(versionName).join(', ')} but none is enabled (use -O)`,
    );
  const set = protocolsOfVersions(invalidTtlVersions);
  return {
    ...context,
    allowed: {
      ...allowed,
      versions,
      protocols: allowed.protocols & set,
      formats: allowed.formats & set,
    },
  };
}

/** Asks the switch for what is to be watched. */
class Setup {
  readonly #context: OfctlContext;
  readonly #target: string;
  readonly #connection: Connection;
  readonly #watcher: Watcher;
  #monitorCount = 0;

  constructor(context: OfctlContext, target: string, connection: Connection, watcher: Watcher) {
    this.#context = context;
    this.#target = target;
    this.#connection = connection;
    this.#watcher = watcher;
  }

  /** Throws Fatal. */
  async obey(wish: string): Promise<void> {
    if (/^\d/.test(wish)) await this.#setMissSendLength(readLeadingNumber(wish, 16));
    else if (wish === 'invalid_ttl') await this.#setInvalidTtl();
    else if (wish.startsWith(watchPrefix)) await this.#watch(wish.slice(watchPrefix.length));
    else if (wish === 'resume') await this.#setMissSendLength(0xffff);
    else throw new Fatal(`${wish}: unsupported "monitor" argument`);
  }

  /** Where -P does not say, the one that tells most, of those that the switch has. */
  async packetInFormat(): Promise<void> {
    const { packetInFormat } = this.#context;
    if (packetInFormat === undefined) {
      if (!(await this.#trySetFormat('nxt_packet_in2')) && this.#connection.version === 1)
        await this.#trySetFormat('nxt_packet_in');
      return;
    }
    this.#watcher.keepAfterBarrier();
    await perform(this.#context, this.#target, this.#connection, setFormat(packetInFormat));
  }

  async #trySetFormat(format: PacketInFormat): Promise<boolean> {
    const { name } = this.#connection;
    this.#watcher.keepAfterBarrier();
    try {
      await during(`talking to ${name}`, this.#connection.perform(setFormat(format)));
      return true;
    } catch (why) {
      if (why instanceof ErrorReply) return false;
      throw why;
    }
  }

  async #setMissSendLength(missSendLength: number): Promise<void> {
    const config = await fetchConfig(this.#connection);
    const value = { ...config, missSendLength };
    await perform(this.#context, this.#target, this.#connection, { name: 'SET_CONFIG', value });
  }

  async #setInvalidTtl(): Promise<void> {
    const config = await fetchConfig(this.#connection);
    if (config.invalidTtlToController) return;
    const value = { ...config, invalidTtlToController: true };
    await perform(this.#context, this.#target, this.#connection, { name: 'SET_CONFIG', value });
    // Switches do not always say that they cannot.
    if (!(await fetchConfig(this.#connection)).invalidTtlToController)
      throw new Fatal(
        "setting invalid_ttl_to_controller failed (this switch probably doesn't support this flag)",
      );
  }

  async #watch(spec: string): Promise<void> {
    const id = this.#monitorCount++;
    const { request, usable } = await this.#read((names) => readMonitor(spec, id, names));
    const { allowed, verbosity, print } = this.#context;
    if ((usable & allowed.protocols) === 0)
      throw new Fatal(
        `none of the usable flow formats (${formatProtocols(usable)}) is among the allowed flow formats (${formatProtocols(allowed.protocols)})`,
      );
    const message = { name: 'FLOW_MONITOR_REQUEST', value: [request] } as const;
    await printAnswer(this.#context, this.#target, this.#connection, (xid) => {
      if (verbosity > 0)
        print(shownMessage(this.#context, messageBytes(message, this.#connection.version, xid), 2));
      return message;
    });
  }

  /** Throws Fatal. */
  async #read<T>(read: (names: NameText) => T): Promise<T> {
    try {
      return await new NameReader(this.#context, this.#target).read(read);
    } catch (why) {
      throw why instanceof Malformed ? new Fatal(why.why) : why;
    }
  }
}

const watchPrefix = 'watch:';

function setFormat(format: PacketInFormat) {
  return { name: 'SET_PACKET_IN_FORMAT', value: { format } } as const;
}
