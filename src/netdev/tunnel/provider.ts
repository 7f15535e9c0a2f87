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
import {
  type Egress,
  type IsTunnel,
  type TunnelConfig,
  type TunnelType,
  tunnelTypes,
} from './tunnel-config.ts';
import { formatTunnelOptions, readTunnelOptions } from './tunnel-options.ts';

export const tunnelProviders: readonly NetdevProvider[] = tunnelTypes.map((type) => ({
  type,
  async open(name, config, { random }) {
    return new TunnelNetdev(type, name, config, random);
  },
}));

class TunnelNetdev extends VirtualNetdev implements IsTunnel, TellsConfig {
  readonly type: TunnelType;
  /** The number of the next packet. */
  readonly #sequence = new SharedArrayBuffer(4);
  #tunnel: TunnelConfig;

  /** Throws Refused. */
  constructor(type: TunnelType, name: string, { options }: NetdevConfig, random: Random) {
    super(name, random);
    this.type = type;
    this.#tunnel = readTunnelOptions(type, name, options);
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
    return formatTunnelOptions(this.#tunnel);
  }

  async configure({ options }: NetdevConfig): Promise<void> {
    const tunnel = readTunnelOptions(this.type, this.name, options);
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
}

/** Ports that tunnels of one type share in a datapath; the number of a UDP port follows where they have one. */
const datapathPorts: Readonly<Record<TunnelType, string>> = {
  geneve: 'genev_sys',
  vxlan: 'vxlan_sys',
  gre: 'gre_sys',
  ip6gre: 'ip6gre_sys',
  erspan: 'erspan_sys',
  ip6erspan: 'ip6erspan_sys',
  gtpu: 'gtpu_sys',
};

function datapathPortName({ type, dstPort }: TunnelConfig): string {
  return dstPort === 0 ? datapathPorts[type] : `${datapathPorts[type]}_${dstPort}`;
}
