/** Nicira's settings of a connection (nicira-ext.h), and what belongs to nothing else. */
import { bareMessage, defineMessage, type MessageForm } from '../declare.ts';
import { refusalsOf, warningsOf } from '../errors.ts';
import { pad, struct, u16 } from '../layout.ts';

export interface SetFlowFormat {
  /** 0 is OpenFlow 1.0's own matches, 2 Nicira's. */
  readonly format: number;
}

const flowFormats = new Map([
  [0, 'openflow10'],
  [2, 'nxm'],
]);

export function isFlowFormat(format: number): boolean {
  return flowFormats.has(format);
}

const warn = warningsOf('ofp_protocol');

export const setFlowFormat = defineMessage<'SET_FLOW_FORMAT', SetFlowFormat>(
  'SET_FLOW_FORMAT',
  [
    {
      wire: 'NXT 1.0 12',
      size: [4, 0],
      decode(body) {
        const format = body.u32();
        if (!isFlowFormat(format))
          warn(`NXT_SET_FLOW_FORMAT message specified invalid flow format ${format}`);
        return { format };
      },
      encode: ({ format }, to) => to.u32(format),
    },
  ],
  ({ format }) => ` format=${flowFormats.get(format) ?? '(unknown)'}`,
);

const packetInFormats = ['standard', 'nxt_packet_in', 'nxt_packet_in2'] as const;

/** How packets come: as the standard has it, or as Nicira's messages. */
export type PacketInFormat = (typeof packetInFormats)[number];

/** Older names of two of them. */
const oldNames: ReadonlyMap<string, PacketInFormat> = new Map([
  ['openflow10', 'standard'],
  ['nxm', 'nxt_packet_in'],
]);

/** As ovs-ofctl(8) `-P` names it; undefined for anything else. */
export function packetInFormatNamed(name: string): PacketInFormat | undefined {
  return packetInFormats.find((format) => format === name) ?? oldNames.get(name);
}

const refused = refusalsOf('ofp_packet');

export interface SetPacketInFormat {
  readonly format: PacketInFormat;
}

export const setPacketInFormat = defineMessage<'SET_PACKET_IN_FORMAT', SetPacketInFormat>(
  'SET_PACKET_IN_FORMAT',
  [
    {
      wire: 'NXT 1.0+ 16',
      size: [4, 0],
      decode(body) {
        const number = body.u32();
        const format = packetInFormats[number];
        if (format === undefined)
          throw refused(
            'OFPBRC_EPERM',
            `NXT_SET_PACKET_IN_FORMAT message specified invalid packet-in format ${number}`,
          );
        return { format };
      },
      encode: ({ format }, to) => to.u32(packetInFormats.indexOf(format)),
    },
  ],
  ({ format }) => ` format=${format}`,
);

export interface FlowModTableId {
  /** Changes of flows tell their table in OpenFlow 1.0 too. */
  readonly isEnabled: boolean;
}

export const flowModTableId = defineMessage<'FLOW_MOD_TABLE_ID', FlowModTableId>(
  'FLOW_MOD_TABLE_ID',
  [
    {
      wire: 'NXT 1.0+ 15',
      size: [8, 0],
      decode(body) {
        const isEnabled = body.u8() !== 0;
        body.skip(7);
        return { isEnabled };
      },
      encode({ isEnabled }, to) {
        to.u8(isEnabled ? 1 : 0);
        to.room(7);
      },
    },
  ],
  ({ isEnabled }) => ` ${isEnabled ? 'enable' : 'disable'}`,
);

export const flowAge = bareMessage('FLOW_AGE', 'NXT 1.0+ 18');

/** Six bytes without meaning, and a number. */
export interface Numbered {
  readonly id: number;
}

const numbered = struct({ pad: pad(6), id: u16 });

function numberedForm(wire: 'NXT 1.0+ 20' | 'NXT 1.0+ 29'): MessageForm<Numbered> {
  return {
    wire,
    size: [numbered.size, 0],
    decode: (body) => numbered.read(body),
    encode: (value, to) => numbered.write(to, value),
  };
}

export const setControllerId = defineMessage(
  'SET_CONTROLLER_ID',
  [numberedForm('NXT 1.0+ 20')],
  ({ id }) => ` id=${id}`,
);

/** The id is that of the zone. */
export const ctFlushZone = defineMessage(
  'CT_FLUSH_ZONE',
  [numberedForm('NXT 1.0+ 29')],
  ({ id }) => ` zone_id=${id}`,
);
