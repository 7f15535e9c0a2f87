/** What groups a switch can have: since OpenFlow 1.2; Nicira's before. */
import { hexOrZero } from '../../base/numbers.ts';
import type { Reader } from '../bytes.ts';
import { bareMessage, defineMessage, type MessageForm, type WirePlace } from '../declare.ts';
import type { WireVersion } from '../versions.ts';
import { type ActionAbility, actionBits, formatAbilities, readActionBits } from './ability-bits.ts';
import { types } from './group-values.ts';

export const groupFeaturesRequest = bareMessage(
  'GROUP_FEATURES_REQUEST',
  'NXST 1.0-1.1 9 request',
  'OFPST 1.2+ 8 request',
);

export interface GroupFeatures {
  /** Bits of types, `all` the lowest. */
  readonly types: number;
  /** Bits: weights, liveness, chaining, checks for loops. */
  readonly capabilities: number;
  /** For each of the four types. */
  readonly maxGroups: readonly number[];
  readonly actions: readonly (readonly ActionAbility[])[];
}

function four<T>(read: (from: Reader) => T): (from: Reader) => T[] {
  return (from) => Array.from({ length: types.length }, () => read(from));
}

function featuresForm(wire: WirePlace): MessageForm<GroupFeatures> {
  return {
    wire,
    size: [40, 0],
    decode: (body, version) => ({
      types: body.u32(),
      capabilities: body.u32(),
      maxGroups: four((from) => from.u32())(body),
      actions: four((from) => readActionBits(from.u32(), version))(body),
    }),
    encode({ types: bits, capabilities, maxGroups, actions }, to, version: WireVersion) {
      to.u32(bits);
      to.u32(capabilities);
      for (let n = 0; n < types.length; n++) to.u32(maxGroups[n] ?? 0);
      for (let n = 0; n < types.length; n++) to.u32(actionBits(actions[n] ?? [], version));
    },
  };
}

export const groupFeaturesReply = defineMessage(
  'GROUP_FEATURES_REPLY',
  [featuresForm('NXST 1.0-1.1 9 reply'), featuresForm('OFPST 1.2+ 8 reply')],
  ({ types: bits, capabilities, maxGroups, actions }) => {
    const ofTypes = types.map((type, n) => {
      if (((bits >>> n) & 1) === 0) return '';
      const name = type === 'fast_failover' ? 'fast failover' : type;
      const most = hexOrZero(maxGroups[n] ?? 0);
      return `    ${name} group:\n       max_groups=${most}\n       actions: ${formatAbilities(actions[n] ?? [])}\n`;
    });
    const hex = (number: number): string => `0x${number.toString(16)}`;
    return `\n Group table:\n    Types:  ${hex(bits)}\n    Capabilities:  ${hex(capabilities)}\n${ofTypes.join('')}`;
  },
);
