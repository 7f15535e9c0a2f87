/** The exporters of one switch: made and ended as it is configured, and run in time. */
import { isDeepStrictEqual } from 'node:util';
import type { Timer, Timers } from '../../base/timers.ts';
import type { Ms } from '../../base/units.ts';
import type { OpenDatagrams } from '../../net/datagrams.ts';
import { Collectors } from './collectors.ts';
import { type NetFlowConfig, NetFlowExporter } from './netflow.ts';

export interface ExporterConfig {
  readonly netFlow: NetFlowConfig | undefined;
}

export const noExporters: ExporterConfig = { netFlow: undefined };

interface ExportersDeps {
  readonly timers: Timers;
  readonly openDatagrams: OpenDatagrams;
  /** Flows may be wrong. */
  readonly changed: () => void;
}

/** Something that says when it is to run again. */
interface Runner {
  run(): Ms;
}

export class Exporters {
  netFlow: NetFlowExporter | undefined;
  readonly #deps: ExportersDeps;
  #config = noExporters;
  #netFlowCollectors: Collectors | undefined;
  readonly #timers = new Map<Runner, Timer>();

  constructor(deps: ExportersDeps) {
    this.#deps = deps;
  }

  configure(config: ExporterConfig): void {
    const before = this.#config;
    this.#config = config;
    if (!isDeepStrictEqual(config.netFlow, before.netFlow)) this.#configureNetFlow(config.netFlow);
  }

  close(): void {
    this.#configureNetFlow(undefined);
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
    this.#netFlowCollectors = new Collectors(config.targets, undefined, this.#deps.openDatagrams);
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
