/** What exporters of IPFIX are told: ovs-vswitchd.conf.db(5), tables IPFIX and Flow_Sample_Collector_Set. */

/** Of any exporter. */
export interface IpfixConfig {
  readonly targets: readonly string[];
  /** Seconds after which what a flow has carried is told; 0 for at once. */
  readonly activeTimeout: number;
  /** Flows that wait to be told, at most. */
  readonly maxFlows: number;
  /** Tunnels are told of. */
  readonly samplesTunnels: boolean;
  /** Who observes; undefined for nobody in particular. */
  readonly virtualObserver: string | undefined;
}

/** Of all packets of a bridge, of which some are sampled. */
export interface BridgeIpfixConfig extends IpfixConfig {
  /** Of so many packets one is sampled. */
  readonly sampling: number;
  readonly domain: number;
  readonly point: number;
  /** As packets come in, and as they go out. */
  readonly samplesInput: boolean;
  readonly samplesOutput: boolean;
}

/** Of packets that actions sample, by the number of the collectors that the actions name. */
export type FlowIpfixConfig = ReadonlyMap<number, IpfixConfig>;
