/** What is to be said of a device that is none of the kernel's, when it has just been made. */
import { emptyMap } from '../base/empty-map.ts';
import type { NetdevState } from './provider.ts';

export function ownDeviceState(mac: string, mtu: number | undefined): NetdevState {
  return {
    ifindex: 0,
    mac,
    mtu,
    isUp: true,
    hasCarrier: true,
    linkResets: 0,
    linkSpeed: undefined,
    duplex: undefined,
    linkModes: undefined,
    status: emptyMap,
    changeNumber: 1,
  };
}
