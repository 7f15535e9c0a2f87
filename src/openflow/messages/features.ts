/** What a switch can do: OpenFlow 1.0.2 section 5.3.1, 1.5.1 section 7.3.1. */
import { bareMessage, defineMessage, type MessageForm } from '../declare.ts';
import { OpenFlowError } from '../errors.ts';
import { pad, struct, u8, u32, u64 } from '../layout.ts';
import type { WireVersion } from '../versions.ts';
import { type ActionAbility, actionBits, formatAbilities, readActionBits } from './ability-bits.ts';
import {
  formatPorts,
  type PortDescription,
  parsePortDescription,
  portSize,
  writePort,
} from './port-description.ts';
import { type BitNames, formatBits } from './text.ts';

export const featuresRequest = bareMessage('FEATURES_REQUEST', 'OFPT 1.0+ 5');

export interface SwitchFeatures {
  readonly datapathId: bigint;
  readonly bufferCount: number;
  readonly tableCount: number;
  /** 0 for the main connection; OpenFlow 1.3 and later. */
  readonly auxiliaryId: number;
  /** Bits of `capabilityNames`, not those of the wire. */
  readonly capabilities: number;
  /** OpenFlow 1.0 only. */
  readonly actions: readonly ActionAbility[];
  /** OpenFlow 1.0 to 1.2: later versions tell them in PORT_DESC. */
  readonly ports: readonly PortDescription[];
}

const capabilityNames: BitNames = [
  'FLOW_STATS',
  'TABLE_STATS',
  'PORT_STATS',
  'STP',
  'GROUP_STATS',
  'IP_REASM',
  'QUEUE_STATS',
  'ARP_MATCH_IP',
  'PORT_BLOCKED',
  'BUNDLES',
  'FLOW_MONITORING',
];
/** On the wire one bit, which means STP in OpenFlow 1.0 and GROUP_STATS later. */
const stp = 8;
const groupStats = 0x10;

/** Those of a version that mean the same in all. */
function plainBits(version: WireVersion): number {
  if (version < 3) return 0xe7;
  return version < 5 ? 0x167 : 0x767;
}

function readCapabilities(bits: number, version: WireVersion): number {
  const shared = (bits & stp) === 0 ? 0 : version === 1 ? stp : groupStats;
  return (bits & plainBits(version)) | shared;
}

function capabilityBits(capabilities: number, version: WireVersion): number {
  const isShared = (capabilities & (version === 1 ? stp : groupStats)) !== 0;
  return (capabilities & plainBits(version)) | (isShared ? stp : 0);
}

const layout = struct({
  datapathId: u64,
  bufferCount: u32,
  tableCount: u8,
  auxiliaryId: u8,
  pad: pad(2),
  capabilities: u32,
  actions: u32,
});

function form(wire: MessageForm<SwitchFeatures>['wire'], step: number): MessageForm<SwitchFeatures> {
  return {
    wire,
    size: [layout.size, step],
    decode(body, version) {
      const fixed = layout.read(body);
      const ports: PortDescription[] = [];
      const features: SwitchFeatures = {
        ...fixed,
        auxiliaryId: version < 4 ? 0 : fixed.auxiliaryId,
        capabilities: readCapabilities(fixed.capabilities, version),
        actions: version === 1 ? readActionBits(fixed.actions, version) : [],
        ports,
      };
      try {
        while (body.left > 0) ports.push(parsePortDescription(body, version));
      } catch (error) {
        throw error instanceof OpenFlowError ? error.after(features) : error;
      }
      return features;
    },
    encode(features, to, version) {
      layout.write(to, {
        ...features,
        auxiliaryId: version < 4 ? 0 : features.auxiliaryId,
        capabilities: capabilityBits(features.capabilities, version),
        actions: version === 1 ? actionBits(features.actions, version) : 0,
      });
      if (version < 4) for (const port of features.ports) writePort(port, to, version);
    },
  };
}

export const featuresReply = defineMessage(
  'FEATURES_REPLY',
  [form('OFPT 1.0 6', portSize(1)), form('OFPT 1.1-1.2 6', portSize(2)), form('OFPT 1.3+ 6', 0)],
  ({ datapathId, bufferCount, tableCount, auxiliaryId, capabilities, actions, ports }) => {
    const auxiliary = auxiliaryId === 0 ? '' : `, auxiliary_id:${auxiliaryId}`;
    const actionLine = actions.length === 0 ? '' : `actions: ${formatAbilities(actions)}\n`;
    return ` dpid:${datapathId.toString(16).padStart(16, '0')}
n_tables:${tableCount}, n_buffers:${bufferCount}${auxiliary}
capabilities: ${formatBits(capabilities, capabilityNames)}
${actionLine}${formatPorts(ports)}`;
  },
);
