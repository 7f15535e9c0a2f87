/** What kinds of devices and datapaths this process has: the real ones, or what a test puts in their place. */
import type { Datapath } from '../datapath/provider.ts';
import type { Netdev, NetdevConfig } from '../netdev/provider.ts';

/** What a row and its bridge say about a device. */
export interface DeviceName {
  readonly type: string;
  readonly name: string;
  readonly datapathType: string;
}

export interface Providers {
  /** Bridge `datapath_type` values, sorted. */
  readonly datapathTypes: readonly string[];
  /** Interface `type` values, sorted. */
  readonly ifaceTypes: readonly string[];
  /** Datapaths and the kernel's tunnel devices have such names for themselves. */
  isReserved(name: string): boolean;
  /**
   * Opens a device for a bridge of that datapath type. Throws SyscallFailed when the kernel refuses, Refused on bad
   * options, with the whole text for the `error` column.
   */
  openNetdev(type: string, name: string, config: NetdevConfig, datapathType: string): Promise<Netdev>;
  /**
   * Under the usual name of its type unless given another. Throws SyscallFailed EAFNOSUPPORT when there is no such
   * type.
   */
  openDatapath(type: string, name?: string): Promise<Datapath>;
  /** Removes the devices that an earlier process made for this database and that are not `wanted` any more. */
  removeLeftDevices(wanted: Iterable<DeviceName>): Promise<void>;
  /** How many more files the process may open for ports. */
  spareDescriptors(): number;
  /** Calls `changed` with the name of each kernel device that comes, goes or changes, until disposed of. */
  watchDevices(changed: (device: string, isThere: boolean) => void): Disposable;
}
