/**
 * `other_config:hw-offload`: datapaths give their flows to devices that can keep them. Once that is asked for it lasts
 * until the daemon ends.
 */
import { logger } from '../base/log.ts';
import { type Datapath, hasDeviceFlows } from '../datapath/provider.ts';

const log = logger('netdev_offload');

export class DeviceOffload {
  #isOn = false;
  readonly #told = new WeakSet<Datapath>();

  /** `isAsked` as the configuration says now. */
  set(isAsked: boolean, datapaths: Iterable<Datapath>): void {
    if (!isAsked || this.#isOn) return;
    this.#isOn = true;
    log.info('netdev: Flow API Enabled');
    for (const datapath of datapaths) this.applyTo(datapath);
  }

  applyTo(datapath: Datapath): void {
    if (!this.#isOn || this.#told.has(datapath)) return;
    this.#told.add(datapath);
    if (hasDeviceFlows(datapath)) datapath.giveFlowsToDevices();
    else log.info(`${datapath.name}: no device of it keeps flows`);
  }
}
