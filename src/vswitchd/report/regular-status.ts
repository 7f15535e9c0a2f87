/** Status that is written as often as statistics: what changes without anybody being told. */
import type { Timers } from '../../base/timers.ts';
import type { OvsdbClient } from '../../ovsdb/client/index.ts';
import { systemKeys } from '../config/config-keys.ts';
import { readKeys } from '../config/keys.ts';
import type { WantedModel } from '../config/model.ts';
import type { LiveState } from '../reconcile/live.ts';
import type { OvsTables } from '../schema/index.ts';
import { reportController, reportMirror } from './report.ts';
import type { StatusWriter } from './status-writer.ts';

export interface RegularStatusDeps {
  readonly client: OvsdbClient<OvsTables>;
  readonly state: LiveState;
  readonly timers: Timers;
  readonly writer: StatusWriter;
  readonly model: () => Pick<WantedModel, 'controllersOf'>;
  /** What `Open_vSwitch.statistics` holds where it is enabled. */
  readonly systemStatistics: (() => ReadonlyMap<string, string>) | undefined;
}

export class RegularStatus {
  readonly #deps: RegularStatusDeps;

  constructor(deps: RegularStatusDeps) {
    this.#deps = deps;
  }

  write(): void {
    this.#writeSystemStatistics();
    this.#writeControllers();
    this.#writeMirrors();
  }

  #writeSystemStatistics(): void {
    const { client, writer, systemStatistics } = this.#deps;
    const [root] = client.view.rows('Open_vSwitch').values();
    if (root === undefined) return;
    const { enableStatistics } = readKeys(systemKeys, root.other_config);
    const statistics = (enableStatistics ? systemStatistics?.() : undefined) ?? new Map<string, string>();
    writer.put('Open_vSwitch', root._uuid, { statistics });
  }

  #writeControllers(): void {
    const { client, state, timers, writer, model } = this.#deps;
    const now = timers.clock.now();
    for (const { name, ofproto } of state.bridges.values()) {
      const statuses = ofproto.controllers.statuses();
      for (const id of model().controllersOf(name)) {
        const row = client.view.row('Controller', id);
        if (row !== undefined) writer.put('Controller', id, reportController(statuses.get(row.target), now));
      }
    }
  }

  #writeMirrors(): void {
    const { state, writer } = this.#deps;
    for (const { settings, ofproto } of state.bridges.values()) {
      const counted = new Map(ofproto.mirrors.all.map((mirror) => [mirror.config.id, mirror]));
      for (const { config } of settings.mirrors)
        if (config !== undefined) writer.put('Mirror', config.id, reportMirror(counted.get(config.id)));
    }
  }
}
