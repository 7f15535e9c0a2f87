/** The exporters of one switch: made and ended as it is configured, and run in time. */
import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '../../base/timers.ts';
import type { Ms } from '../../base/units.ts';
import { Collectors } from './collectors.ts';
import { type ExporterConfig, noExporters } from './exporter-config.ts';
import { IpfixRunner } from './ipfix-runner.ts';
import { type NetFlowConfig, NetFlowExporter } from './netflow.ts';
import type { SFlowConfig } from './sflow.ts';
import { SFlowRunner, type SFlowRunnerDeps } from './sflow-runner.ts';

/** Something that says when it is to run again. */
interface Runner {
  run(): Ms;
}

export class Exporters {
  netFlow: NetFlowExporter | undefined;
  sFlow: SFlowRunner | undefined;
  ipfix: IpfixRunner | undefined;
  readonly #deps: SFlowRunnerDeps;
  #config: ExporterConfig = noExporters;
  #netFlowCollectors: Collectors | undefined;
  readonly #timers = new Map<Runner, Timer>();

  constructor(deps: SFlowRunnerDeps) {
    this.#deps = deps;
  }

  configure(config: ExporterConfig): void {
    const before = this.#config;
    this.#config = config;
    if (!isDeepStrictEqual(config.netFlow, before.netFlow)) this.#configureNetFlow(config.netFlow);
    if (!isDeepStrictEqual(config.sFlow, before.sFlow)) this.#configureSFlow(config.sFlow);
    this.#configureIpfix(config, before);
  }

  close(): void {
    this.#configureNetFlow(undefined);
    this.#configureSFlow(undefined);
    this.#configureIpfix(noExporters, this.#config);
  }

  #configureIpfix({ bridgeIpfix, flowIpfix }: ExporterConfig, before: ExporterConfig): void {
    if (isDeepStrictEqual([bridgeIpfix, flowIpfix], [before.bridgeIpfix, before.flowIpfix])) return;
    const { host, timers, portOf, changed } = this.#deps;
    const due = (runner: IpfixRunner): void => this.#wake(runner);
    this.ipfix ??= new IpfixRunner({ host, timers, portOf, due });
    this.ipfix.configure(bridgeIpfix, flowIpfix);
    if (bridgeIpfix === undefined && flowIpfix.size === 0) {
      this.#rest(this.ipfix);
      this.ipfix = undefined;
    }
    changed();
  }

  #configureSFlow(config: SFlowConfig | undefined): void {
    const before = this.sFlow;
    if (before !== undefined) {
      before.close();
      this.#rest(before);
      this.sFlow = undefined;
    }
    if (config !== undefined && config.targets.length > 0 && config.sampling > 0) {
      this.sFlow = new SFlowRunner(config, this.#deps);
      this.#runAt(this.sFlow, this.sFlow.due);
    }
    if (before !== undefined || this.sFlow !== undefined) this.#deps.changed();
  }

  #configureNetFlow(config: NetFlowConfig | undefined): void {
    const before = this.netFlow;
    this.#netFlowCollectors?.close();
    this.#netFlowCollectors = undefined;
    if (config === undefined) {
      if (before === undefined) return;
      before.close();
      this.#rest(before);
      this.netFlow = undefined;
      this.#deps.changed();
      return;
    }
    this.#netFlowCollectors = new Collectors(config.targets, undefined, this.#deps.host.openDatagrams);
    if (before !== undefined) {
      before.configure(config);
      return;
    }
    const made: NetFlowExporter = new NetFlowExporter(config, {
      clock: this.#deps.timers.clock,
      send: (datagram) => this.#netFlowCollectors?.send(datagram),
      due: () => this.#wake(made),
    });
    this.netFlow = made;
    this.#deps.changed();
  }

  /** Runs it as soon as whatever happens now is over. */
  #wake(runner: Runner): void {
    this.#runAt(runner, this.#deps.timers.clock.now());
  }

  #runAt(runner: Runner, due: Ms): void {
    this.#rest(runner);
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timers.set(
      runner,
      this.#deps.timers.at(due, () => this.#runAt(runner, runner.run())),
    );
  }

  #rest(runner: Runner): void {
    this.#timers.get(runner)?.cancel();
    this.#timers.delete(runner);
  }
}
