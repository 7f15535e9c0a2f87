/**
 * A controller that a bridge connects to, and connects to again: each time with a new `SwitchConnection`.
 * ovs-vswitchd.conf.db(5), table Controller.
 */
import { errnos, strerror, syscallFailed } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import type { Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { ReconnectEvent } from '../../net/connection-log.ts';
import { ReliableConnection } from '../../net/reliable-connection.ts';
import { type ActiveRemote, OPENFLOW_PORT, type RemoteContext, readActiveRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import type { ControlConfig, ControllerSettings } from '../config.ts';
import type { ControllerStatus } from '../controllers.ts';
import { logController } from './controller-log.ts';
import { type Conversation, type ConversationOwner, limitPackets } from './conversation.ts';
import { Snoopers } from './snooping.ts';
import type { SwitchConnection } from './switch-connection.ts';

/** The longest delay between attempts is no shorter than this many seconds. */
const leastBackoff = 8;
/** Shorter intervals, in seconds, would cost more than they tell. */
const leastProbeInterval = 5;

export interface ControllerDeps {
  /** By name. */
  readonly bridge: string;
  readonly timers: Timers;
  readonly transport: Transport;
  /** As it is now. */
  readonly control: () => ControlConfig;
  /** Says hello; resolves when the peer has too. Rejects with SyscallFailed, or with the signal's reason. */
  readonly begin: (stream: Stream, options: NewConversation) => Promise<Conversation>;
}

export interface NewConversation {
  readonly config: ControllerSettings;
  readonly owner: ConversationOwner;
  readonly signal: AbortSignal;
  /** Are copied all of it. */
  readonly snoopers?: Snoopers;
}

export class ActiveController {
  readonly #deps: ControllerDeps;
  readonly #link: ReliableConnection<Conversation>;
  /** Who is copied what is said. */
  readonly snoopers = new Snoopers();
  #config: ControllerSettings;
  /** What is being tried did not fail at once. */
  #isUp = false;
  #lastError: string | undefined;
  #disconnectedAt: Ms | undefined;
  #inChargeAt: Ms;

  constructor(config: ControllerSettings, deps: ControllerDeps) {
    const { bridge, timers } = deps;
    this.#config = config;
    this.#deps = deps;
    this.#inChargeAt = timers.clock.now();
    const name = `${bridge}<->${config.target}`;
    this.#link = new ReliableConnection({
      remotes: [config.target],
      timers,
      ...linkTimes(config),
      countsSilence: true,
      report: (_target, event, isQuiet) => {
        this.#note(event);
        if (event.what !== 'ended' || !this.#isUnanswered) logController(name, event, this.#isUp, isQuiet);
      },
      connect: (_target, signal) => this.#connect(signal),
      events: { probe: ({ connection }) => askForLife(connection) },
    });
  }

  get config(): ControllerSettings {
    return this.#config;
  }

  get connection(): SwitchConnection | undefined {
    return this.#link.connection?.connection;
  }

  get status(): ControllerStatus {
    const { state, connectedAt } = this.#link.machine;
    const { role, packetInCounts: packetIns } = this.connection ?? {};
    const [lastError, disconnectedAt] = [this.#lastError, this.#disconnectedAt];
    return { state, role, lastError, connectedAt, disconnectedAt, packetIns };
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
    this.snoopers.stop();
  }

  configure(config: ControllerSettings): void {
    const before = this.#config;
    this.#config = config;
    const { maxBackoff, probeInterval } = linkTimes(config);
    this.#link.setBackoff(undefined, maxBackoff);
    this.#link.setProbeInterval(probeInterval);
    const { connection } = this;
    if (connection !== undefined) limitPackets(connection, config);
    if (config.dscp !== before.dscp) this.reconnect();
  }

  reconnect(): void {
    this.#link.drop(syscallFailed('connect', errnos.ECONNABORTED, this.#config.target));
  }

  /** Milliseconds since it was in charge last, or was configured: 0 while it is. */
  absence(now: Ms): number {
    if (this.connection?.admission.isGranted(now)) this.#inChargeAt = now;
    return now - this.#inChargeAt;
  }

  async #connect(signal: AbortSignal): Promise<Conversation> {
    const { target, dscp } = this.#config;
    const { tls, runFolder } = this.#deps.control();
    const remote = readActiveRemote(target, remoteContext(runFolder));
    this.#isUp = false;
    const stream = await this.#deps.transport.connect(remote, { signal, dscp, tls }).catch((why: unknown) => {
      this.#isUp = isToldLater(remote, why);
      throw why;
    });
    this.#isUp = true;
    return this.#deps.begin(stream, {
      config: this.#config,
      owner: this.#link,
      signal,
      snoopers: this.snoopers,
    });
  }

  get #isUnanswered(): boolean {
    return this.#link.machine.state === 'idle';
  }

  #note(event: ReconnectEvent): void {
    switch (event.what) {
      case 'unanswered':
        this.#lastError = strerror(errnos.ETIMEDOUT);
        return;
      case 'failed':
        if (this.#isUp || event.why === undefined) this.#disconnectedAt = this.#deps.timers.clock.now();
        this.#lastError = event.why ?? strerror(errnos.ETIMEDOUT);
        return;
      case 'ended':
        this.#disconnectedAt = this.#deps.timers.clock.now();
        if (event.why !== undefined) this.#lastError = event.why;
        return;
    }
  }
}

const toldByPeers: readonly number[] = [errnos.ECONNREFUSED, errnos.ECONNRESET, errnos.EHOSTUNREACH];

/** Of a peer on this host the kernel says at once that it is not there, of others once an answer comes. */
function isToldLater(remote: ActiveRemote, why: unknown): boolean {
  if (remote.kind === 'unix' || !(why instanceof SyscallFailed)) return false;
  return !/^(127\.|::1$)/.test(remote.host) && toldByPeers.includes(why.errno);
}

export function remoteContext(runFolder: string | undefined): RemoteContext {
  return { defaultPort: OPENFLOW_PORT, ...(runFolder !== undefined && { rundir: runFolder }) };
}

/** Asks for a sign of life. */
export function askForLife(connection: SwitchConnection): void {
  connection.send({ name: 'ECHO_REQUEST', value: { data: new Uint8Array(0) } });
}

/** In milliseconds. */
export function linkTimes({ maxBackoff, probeInterval }: ControllerSettings): {
  readonly maxBackoff: Ms;
  readonly probeInterval: Ms;
} {
  const probeSeconds = probeInterval === 0 ? 0 : Math.max(leastProbeInterval, probeInterval);
  return {
    maxBackoff: ms(Math.max(leastBackoff, maxBackoff) * 1000),
    probeInterval: ms(probeSeconds * 1000),
  };
}
