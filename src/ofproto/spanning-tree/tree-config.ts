/** What a switch and its bundles are asked of spanning trees: ovs-vswitchd.conf.db(5), Bridge and Port. */
import type { RstpPortSettings, RstpSettings } from '../../protocols/rstp-types.ts';
import type { StpPortSettings, StpSettings } from '../../protocols/stp-types.ts';

/** Of the bridge: its own where undefined. What is none is told of, and counts as if nothing were said. */
interface TreeAddress {
  readonly mac: string | 'invalid' | undefined;
}

export interface StpConfig extends Omit<StpSettings, 'mac'>, TreeAddress {
  readonly protocol: 'STP';
}

export interface RstpConfig extends Omit<RstpSettings, 'mac'>, TreeAddress {
  readonly protocol: 'RSTP';
  /** STP is asked for, too. */
  readonly replacesStp: boolean;
}

export type TreeConfig = StpConfig | RstpConfig;

/** What of a port depends on others, or on its device, is not said. */
interface PortPart {
  readonly isWanted: boolean;
  /** 0 is no number that a port may have. */
  readonly number: number | undefined;
  /** By its speed where undefined. */
  readonly pathCost: number | undefined;
}

interface StpPortConfig extends PortPart, Pick<StpPortSettings, 'priority'> {}

interface RstpPortConfig extends PortPart, Omit<RstpPortSettings, 'name' | 'number' | 'pathCost'> {}

export interface TreePortConfig {
  readonly stp: StpPortConfig;
  readonly rstp: RstpPortConfig;
}

export const defaultTreePort: TreePortConfig = {
  stp: { isWanted: true, number: undefined, pathCost: undefined, priority: 128 },
  rstp: {
    ...{ isWanted: true, number: undefined, pathCost: undefined, priority: 128 },
    ...{ isEdge: false, findsEdge: true, isPointToPoint: true, isEnabled: true, mustCheckMigration: false },
  },
};
