/**
 * Which messages a controller is sent unasked: OpenFlow 1.3.5 section 7.3.10, 1.4.1 section 7.3.10;
 * NXT_SET_ASYNC_CONFIG.
 */

import { namesIn } from '../../base/literals.ts';
import { hexOrZero } from '../../base/numbers.ts';
import type { Reader, Writer } from '../bytes.ts';
import { bareMessage, defineMessage, type MessageForm, type WirePlace } from '../declare.ts';
import { refusalsOf } from '../errors.ts';
import { packetInReasons } from '../packet-in-reasons.ts';
import { readProperty, readWord, unknownPropertyOf, writeWord } from '../properties.ts';
import type { WireVersion } from '../versions.ts';

interface Kind {
  readonly label: string;
  /** Names of reasons, the lowest bit first. */
  readonly reasons: readonly string[];
  /** Reasons that there are before OpenFlow 1.4, and since. */
  readonly bits: number;
  readonly bits14?: number;
}

/** In the order of the properties: two each, for secondary controllers and for the others. */
const kinds = {
  packetIn: {
    label: 'PACKET_IN',
    reasons: packetInReasons,
    bits: 7,
    bits14: 0x3f,
  },
  portStatus: { label: 'PORT_STATUS', reasons: ['add', 'delete', 'modify'], bits: 7 },
  flowRemoved: {
    label: 'FLOW_REMOVED',
    reasons: ['idle', 'hard', 'delete', 'group_delete', 'meter_delete', 'eviction'],
    bits: 0x3f,
  },
  roleStatus: {
    label: 'ROLE_STATUS',
    reasons: ['primary_request', 'configuration_changed', 'experimenter_data_changed'],
    bits: 7,
  },
  tableStatus: {
    label: 'TABLE_STATUS',
    reasons: ['', '', '', 'vacancy_down', 'vacancy_up'],
    bits: 0x18,
  },
  requestForward: {
    label: 'REQUESTFORWARD',
    reasons: ['group_mod_request', 'meter_mod_request'],
    bits: 3,
  },
} as const satisfies Record<string, Kind>;

type KindName = keyof typeof kinds;
const kindNames = namesIn(kinds);

/** For each kind of message, bits of the reasons for which it is sent; absent where it is not told. */
export type AsyncMasks = { readonly [K in KindName]?: number };

export interface AsyncConfig {
  /** For a controller that is primary or equal. */
  readonly primary: AsyncMasks;
  readonly secondary: AsyncMasks;
}

function allowedBits(name: KindName, version: WireVersion): number {
  const kind: Kind = kinds[name];
  return version > 4 ? (kind.bits14 ?? kind.bits) : kind.bits;
}

const refused = refusalsOf('ofp_connection');
const unknownProperty = unknownPropertyOf('ofp_connection', 'async config');

type Draft = Record<'primary' | 'secondary', Partial<Record<KindName, number>>>;

const oldKinds = ['packetIn', 'portStatus', 'flowRemoved'] as const;

/** Two masks for each of three kinds of messages. */
function oldForm(wire: WirePlace, as?: string): MessageForm<AsyncConfig> {
  return {
    wire,
    ...(as === undefined ? {} : { as }),
    size: [24, 0],
    decode(body, version) {
      const config: Draft = { primary: {}, secondary: {} };
      for (const name of oldKinds) {
        config.primary[name] = body.u32() & allowedBits(name, version);
        config.secondary[name] = body.u32() & allowedBits(name, version);
      }
      return config;
    },
    encode({ primary, secondary }, to, version) {
      for (const name of oldKinds) {
        to.u32((primary[name] ?? 0) & allowedBits(name, version));
        to.u32((secondary[name] ?? 0) & allowedBits(name, version));
      }
    },
  };
}

function readMasks(body: Reader, version: WireVersion, isLoose: boolean): AsyncConfig {
  const config: Draft = { primary: {}, secondary: {} };
  while (body.left > 0) {
    const property = readProperty(body, 8, 0xfffe);
    const name = property.experimenter === 0 ? kindNames[property.type >>> 1] : undefined;
    if (name === undefined) {
      if (isLoose) continue;
      if (property.experimenter !== 0) throw unknownProperty(property);
      throw refused('OFPACFC_UNSUPPORTED', `unknown async config property type ${property.type}`);
    }
    const mask = readWord(property);
    const allowed = allowedBits(name, version);
    if ((mask & ~allowed) !== 0 && !isLoose)
      throw refused(
        'OFPACFC_INVALID',
        `bad value ${hexOrZero(mask)} for ${kinds[name].label} (allowed mask ${hexOrZero(allowed)})`,
      );
    config[(property.type & 1) === 0 ? 'secondary' : 'primary'][name] = mask & allowed;
  }
  return config;
}

function writeMasks({ primary, secondary }: AsyncConfig, to: Writer, version: WireVersion): void {
  kindNames.forEach((name, n) => {
    [secondary, primary].forEach((masks, isPrimary) => {
      const mask = masks[name];
      if (mask !== undefined) writeWord(to, 2 * n + isPrimary, mask & allowedBits(name, version));
    });
  });
}

function newForm(wire: WirePlace, isLoose: boolean, as?: string): MessageForm<AsyncConfig> {
  return {
    wire,
    ...(as === undefined ? {} : { as }),
    size: [0, 8],
    decode: (body, version) => readMasks(body, version, isLoose),
    encode: writeMasks,
  };
}

export const getAsyncRequest = bareMessage('GET_ASYNC_REQUEST', 'OFPT 1.3+ 26');

export const getAsyncReply = defineMessage(
  'GET_ASYNC_REPLY',
  [oldForm('OFPT 1.3 27'), newForm('OFPT 1.4+ 27', true)],
  formatAsync,
);

export const setAsync = defineMessage(
  'SET_ASYNC',
  [
    oldForm('OFPT 1.3 28'),
    newForm('OFPT 1.4+ 28', false),
    oldForm('NXT 1.0+ 19', 'SET_ASYNC_CONFIG'),
    newForm('NXT 1.0-1.3 27', false, 'SET_ASYNC_CONFIG2'),
  ],
  formatAsync,
);

function formatAsync({ primary, secondary }: AsyncConfig): string {
  return `\n primary:\n${formatMasks(primary)}\n secondary:\n${formatMasks(secondary)}`;
}

function formatMasks(masks: AsyncMasks): string {
  return kindNames
    .map((name) => `${kinds[name].label.padStart(16)}:${formatReasons(name, masks[name])}\n`)
    .join('');
}

function formatReasons(name: KindName, mask = 0): string {
  if (mask === 0) return ' (off)';
  const { reasons }: Kind = kinds[name];
  return reasons.map((reason, n) => (((mask >>> n) & 1) === 0 || reason === '' ? '' : ` ${reason}`)).join('');
}
