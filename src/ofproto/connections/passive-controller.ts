/**
 * Where a bridge is connected to, by tools and by controllers that call it: each who comes is a `SwitchConnection`.
 * ovs-vswitchd.conf.db(5), table Controller.
 */
import { errnos, syscallFailed } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { ms } from '../../base/units.ts';
import { logVisit } from '../../net/connection-log.ts';
import type { StreamListener } from '../../net/listener.ts';
import { ReliableConnection } from '../../net/reliable-connection.ts';
import { readPassiveRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import type { ControllerSettings } from '../config.ts';
import { askForLife, type ControllerDeps, linkTimes, remoteContext } from './active-controller.ts';
import { type Conversation, limitPackets } from './conversation.ts';

type Visit = ReliableConnection<Conversation>;

export class PassiveController {
  readonly #deps: ControllerDeps;
  readonly #visits = new Set<Visit>();
  #config: ControllerSettings;
  /** Undefined where it cannot be listened on. */
  #listener: StreamListener | undefined;
  /** Ends with those who have yet to say hello. */
  readonly #hellos = new AbortController();
  #isStopped = false;

  constructor(config: ControllerSettings, deps: ControllerDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get config(): ControllerSettings {
    return this.#config;
  }

  /** Resolves when it listens; what keeps it from that the log tells, and false here. */
  async start(): Promise<boolean> {
    const { transport, control } = this.#deps;
    const { target, dscp } = this.#config;
    const { tls, runFolder } = control();
    try {
      const remote = readPassiveRemote(target, remoteContext(runFolder));
      const listener = await transport.listen(remote, { tls, dscp }, (stream) => void this.#serve(stream));
      this.#listener = listener;
      if (this.#isStopped) listener.close();
      return true;
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      return false;
    }
  }

  /** For those who connect from now on; others have their intervals at once. */
  configure(config: ControllerSettings): void {
    const before = this.#config;
    this.#config = config;
    if (config.dscp !== before.dscp) this.reconnect();
    for (const visit of this.#visits) {
      visit.setProbeInterval(linkTimes(config).probeInterval);
      if (visit.connection !== undefined) limitPackets(visit.connection.connection, config);
    }
  }

  /** Whoever is connected may connect again. */
  reconnect(): void {
    for (const visit of this.#visits)
      visit.drop(syscallFailed('accept', errnos.ECONNABORTED, this.#config.target));
  }

  /** Those who are connected are left too. */
  stop(): void {
    this.#isStopped = true;
    this.#listener?.close();
    for (const visit of this.#visits) visit.stop();
    this.#visits.clear();
    this.#hellos.abort(syscallFailed('accept', errnos.ECONNABORTED, this.#config.target));
  }

  /** Who does not say hello in time is not waited for any longer. */
  async #serve(stream: Stream): Promise<void> {
    const { timers } = this.#deps;
    const { probeInterval } = linkTimes(this.#config);
    const visit = this.#visit(stream.name);
    const silence = new AbortController();
    const giveUp = (): void => silence.abort(syscallFailed('accept', errnos.ETIMEDOUT, stream.name));
    const timer = probeInterval === 0 ? undefined : timers.after(ms(2 * probeInterval), giveUp);
    const signal = AbortSignal.any([silence.signal, this.#hellos.signal]);
    try {
      const conversation = await this.#deps.begin(stream, { config: this.#config, owner: visit, signal });
      this.#visits.add(visit);
      visit.accept(conversation);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why; // the log has said it
    } finally {
      timer?.cancel();
    }
  }

  #visit(name: string): Visit {
    const visit: Visit = new ReliableConnection({
      remotes: [`${this.#deps.bridge}<->${name}`],
      timers: this.#deps.timers,
      maxTries: 0,
      probeInterval: linkTimes(this.#config).probeInterval,
      report: logVisit,
      events: {
        probe: ({ connection }) => askForLife(connection),
        disconnected: () => void this.#visits.delete(visit),
      },
    });
    return visit;
  }
}
