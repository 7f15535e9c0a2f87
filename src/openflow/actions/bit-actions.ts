/** A bit that says whether a packet is long, and options of tunnels taken away: Nicira's; ovs-actions(7). */
import type { FieldName } from '../../flow/fields/index.ts';
import { checkZero, readUnsigned, wrong } from './arguments.ts';
import { defineAction } from './declare.ts';
import { splitArrow } from './set-field.ts';
import {
  checkDestination,
  decodeField,
  encodeField,
  fieldNamedInAction,
  fieldOf,
  formatSubfield,
  readSubfield,
  refuse,
  type Subfield,
} from './subfield.ts';

export interface CheckPacketLargerArguments {
  /** Bytes. */
  readonly length: number;
  /** One bit. */
  readonly destination: Subfield;
}

export const checkPacketLarger = defineAction('check_pkt_larger', {
  forms: [
    {
      wire: 'NX 1.0+ 49 NXAST_CHECK_PKT_LARGER',
      size: () => [14, 0],
      decode(body): CheckPacketLargerArguments {
        const length = body.u16();
        const low = body.u16();
        const destination = { field: decodeField(body), low, width: 1 };
        checkZero(body.octets(body.left));
        refuse(checkDestination(destination), `a result in ${destination.field}`);
        return { length, destination };
      },
      encode({ length, destination }, to) {
        const start = to.size;
        to.u16(length);
        to.u16(destination.low);
        encodeField(to, destination.field);
        to.room(start + 14 - to.size);
      },
    },
  ],
  words: ['check_pkt_larger'],
  read(text): CheckPacketLargerArguments {
    const { value, key } = splitArrow(text);
    const destination = readSubfield(key);
    if (destination.width !== 1) throw wrong('Only 1-bit destination field is allowed');
    return { length: readUnsigned(value.replace(/\)$/, ''), 16, '(null)'), destination };
  },
  format: ({ length, destination }) => `check_pkt_larger(${length})->${formatSubfield(destination)}`,
});

export interface DeleteFieldArguments {
  readonly field: FieldName;
}

export const deleteField = defineAction('delete_field', {
  forms: [
    {
      wire: 'NX 1.0+ 50 NXAST_DELETE_FIELD',
      size: () => [14, 0],
      decode: (body): DeleteFieldArguments => ({ field: decodeField(body) }),
      encode({ field }, to) {
        const start = to.size;
        encodeField(to, field);
        to.room(start + 14 - to.size);
      },
    },
  ],
  words: ['delete_field'],
  read(text): DeleteFieldArguments {
    const field = fieldNamedInAction(text);
    if (field === undefined) throw wrong(`unknown field \`${text}'`);
    return { field: field.name };
  },
  format: ({ field }) => `delete_field:${field}`,
  check: ({ field }) => (fieldOf(field).slot === 'tun_metadata' ? undefined : 'OFPBAC_BAD_ARGUMENT'),
});
