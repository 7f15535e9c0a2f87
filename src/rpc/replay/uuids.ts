/** Uuids as they are recorded: 16 bytes each, as four 32-bit words in host order. */
import { endianness } from 'node:os';
import { type Uuid, uuid } from '../../base/units.ts';

/** What their recording belongs to, in place of a stream. */
export const uuidRecording = '__uuid_generate';

const isLittle = endianness() === 'LE';

export function emitUuid(id: Uuid): Buffer {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  return isLittle ? bytes.swap32() : bytes;
}

export function parseUuid(data: Buffer): Uuid {
  const bytes = Buffer.from(data);
  const hex = (isLittle ? bytes.swap32() : bytes).toString('hex');
  return uuid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}
