/**
 * Tunnels: ports whose packets travel inside of others, to a host that the options name. No frame passes here: which
 * packets are whose, and what they are wrapped in, is decided by translation (`src/ofproto/tunnels`). Named by
 * `registry.ts` only.
 */
import { isDeepStrictEqual } from 'node:util';
import { errnos, syscallFailed } from '../../base/errno.ts';
import type { Random } from '../../base/random.ts';
import type { NetdevConfig, NetdevProvider, PortSpec, TellsConfig } from '../provider.ts';
import { VirtualNetdev } from '../virtual-netdev.ts';
import { showTunnelOptions } from './show-options.ts';
import {
  datapathPortName,
  type Egress,
  type IsTunnel,
  type TunnelConfig,
  type TunnelType,
  tunnelTypes,
} from './tunnel-config.ts';
import { readTunnelOptions } from './tunnel-options.ts';

/** One of each type; what they make knows of one another. */
export function tunnelProviders(): readonly NetdevProvider[] {
  const all = new Set<TunnelNetdev>();
  return tunnelTypes.map((type) => ({
    type,
    async open(name, config, { random }) {
      const netdev = new TunnelNetdev(type, name, { config, random, all });
      all.add(netdev);
      return netdev;
    },
  }));
}

interface NewTunnel {
  readonly config: NetdevConfig;
  readonly random: Random;
  /** Every tunnel there is. */
  readonly all: Set<TunnelNetdev>;
}

class TunnelNetdev extends VirtualNetdev implements IsTunnel, TellsConfig {
  readonly type: TunnelType;
  /** The number of the next packet. */
  readonly #sequence = new SharedArrayBuffer(4);
  readonly #all: Set<TunnelNetdev>;
  #tunnel: TunnelConfig;

  /** Throws Refused. */
  constructor(type: TunnelType, name: string, { config, random, all }: NewTunnel) {
    super(name, random);
    this.type = type;
    this.#all = all;
    this.#tunnel = this.#read(config);
  }

  get tunnel(): TunnelConfig {
    return this.#tunnel;
  }

  get portSpec(): PortSpec {
    return {
      kind: 'tunnel',
      name: datapathPortName(this.#tunnel),
      type: this.type,
      sequence: this.#sequence,
    };
  }

  get config(): ReadonlyMap<string, string> {
    return showTunnelOptions(this.#tunnel);
  }

  async configure(config: NetdevConfig): Promise<void> {
    const tunnel = this.#read(config);
    if (isDeepStrictEqual(tunnel, this.#tunnel)) return;
    this.#tunnel = tunnel;
    this.change({});
  }

  setEgress(egress: Egress | undefined): void {
    const status = new Map<string, string>();
    if (egress !== undefined) {
      status.set('tunnel_egress_iface', egress.device);
      status.set('tunnel_egress_iface_carrier', egress.hasCarrier ? 'up' : 'down');
    }
    if (!isDeepStrictEqual(status, this.state.status)) this.change({ status });
  }

  /** It is always up. */
  override async setUp(isUp: boolean): Promise<void> {
    if (!isUp) throw syscallFailed('set', errnos.EOPNOTSUPP, `${this.name}: a tunnel cannot be taken down`);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#all.delete(this);
  }

  /**
   * Whether its packets have a group policy, VXLAN says for all packets to one UDP port. Differs: the reference counts the port
   * that they share in a userspace datapath as one without, and so refuses a second tunnel with a group policy there.
   */
  #read({ options }: NetdevConfig): TunnelConfig {
    return readTunnelOptions(this.type, this.name, options, ({ type, dstPort, extensions }) => {
      if (type !== 'vxlan') return false;
      const others = [...this.#all].filter((other) => other !== this).map(({ tunnel }) => tunnel);
      return others.some(
        (other) =>
          other.type === type &&
          other.dstPort === dstPort &&
          other.extensions.has('gbp') !== extensions.has('gbp'),
      );
    });
  }
}
