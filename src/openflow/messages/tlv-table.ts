/** Which tunnel options fields of matches stand for: NXT_TLV_TABLE_MOD (nicira-ext.h; ovs-ofctl(8), "tlv-map"). */
import { hexOrZero } from '../../base/numbers.ts';
import type { Reader, Writer } from '../bytes.ts';
import { bareMessage, defineMessage } from '../declare.ts';
import { refusalsOf } from '../errors.ts';
import { pad, struct, u8, u16, u32 } from '../layout.ts';

export interface TlvMapping {
  readonly optionClass: number;
  readonly optionType: number;
  /** Bytes: a multiple of 4, at most 124. */
  readonly optionSize: number;
  /** N of tun_metadataN. */
  readonly index: number;
}

const layout = struct({ optionClass: u16, optionType: u8, optionSize: u8, index: u16, pad: pad(2) });
const mostOptionBytes = 124;
const fieldCount = 64;
const refused = refusalsOf('ofp_match');

function readMappings(body: Reader, mostFields: number): TlvMapping[] {
  const mappings: TlvMapping[] = [];
  while (body.left > 0) {
    const mapping = layout.read(body);
    const { optionSize, index } = mapping;
    if (optionSize % 4 !== 0 || optionSize > mostOptionBytes)
      throw refused(
        'NXTTMFC_BAD_OPT_LEN',
        `tlv table option length (${optionSize}) is not a valid option size`,
      );
    if (index >= mostFields)
      throw refused(
        'NXTTMFC_BAD_FIELD_IDX',
        `tlv table field index (${index}) is too large (max ${mostFields - 1})`,
      );
    mappings.push(mapping);
  }
  return mappings;
}

function writeMappings(mappings: readonly TlvMapping[], to: Writer): void {
  for (const mapping of mappings) layout.write(to, mapping);
}

const commands = ['add', 'delete', 'clear'] as const;
const commandTexts = { add: 'ADD', delete: 'DEL', clear: 'CLEAR' } as const;

export interface TlvTableMod {
  readonly command: (typeof commands)[number];
  readonly mappings: readonly TlvMapping[];
}

export const tlvTableMod = defineMessage<'TLV_TABLE_MOD', TlvTableMod>(
  'TLV_TABLE_MOD',
  [
    {
      wire: 'NXT 1.0+ 24',
      size: [8, layout.size],
      decode(body) {
        const number = body.u16();
        body.skip(6);
        const command = commands[number];
        if (command === undefined)
          throw refused('NXTTMFC_BAD_COMMAND', `tlv table mod command (${number}) is out of range`);
        return { command, mappings: readMappings(body, fieldCount) };
      },
      encode({ command, mappings }, to) {
        to.u16(commands.indexOf(command));
        to.room(6);
        writeMappings(mappings, to);
      },
    },
  ],
  ({ command, mappings }) =>
    `\n ${commandTexts[command]}${command === 'clear' ? '' : formatMappings(mappings)}`,
);

export const tlvTableRequest = bareMessage('TLV_TABLE_REQUEST', 'NXT 1.0+ 25');

export interface TlvTableReply {
  /** Bytes of all options together. */
  readonly mostSpace: number;
  readonly mostFields: number;
  readonly mappings: readonly TlvMapping[];
}

const replyHead = struct({ mostSpace: u32, mostFields: u16, pad: pad(10) });

export const tlvTableReply = defineMessage<'TLV_TABLE_REPLY', TlvTableReply>(
  'TLV_TABLE_REPLY',
  [
    {
      wire: 'NXT 1.0+ 26',
      size: [replyHead.size, layout.size],
      decode(body) {
        const head = replyHead.read(body);
        return { ...head, mappings: readMappings(body, head.mostFields) };
      },
      encode(value, to) {
        replyHead.write(to, value);
        writeMappings(value.mappings, to);
      },
    },
  ],
  ({ mostSpace, mostFields, mappings }) => {
    const space = mappings.reduce((sum, { optionSize }) => sum + optionSize, 0);
    return `\n max option space=${mostSpace} max fields=${mostFields}\n allocated option space=${space}\n\n${formatMappings(mappings)}`;
  },
);

/** C's %#x, at least so wide. */
function hex(number: number, width: number): string {
  return hexOrZero(number).padStart(width);
}

function formatMappings(mappings: readonly TlvMapping[]): string {
  const rows = mappings.map(
    ({ optionClass, optionType, optionSize, index }) =>
      `\n ${hex(optionClass, 6)}  ${hex(optionType, 4)}  ${String(optionSize).padStart(6)}  tun_metadata${index}`,
  );
  return ` mapping table:\n  class  type  length  match field\n ------  ----  ------  --------------${rows.join('')}`;
}
