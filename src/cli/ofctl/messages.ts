/** Commands on bytes of messages: ofp-print, ofp-parse, encode-hello and print-error. */

import { readFileSync as readDescriptor } from 'node:fs';
import { reasonOf } from '../../base/errno.ts';
import { readFileSync } from '../../base/files.ts';
import { hexDump, readHexBytes } from '../../base/hex-dump.ts';
import { logger } from '../../base/log.ts';
import { hexOrZero } from '../../base/numbers.ts';
import { decodeText } from '../../base/text.ts';
import { Fatal } from '../../daemon/program.ts';
import { headerSize, messageBytes, messageSize } from '../../openflow/codec.ts';
import { errorCode, isErrorName } from '../../openflow/errors.ts';
import {
  allVersions,
  knownVersion,
  versionName,
  versionText,
  type WireVersion,
} from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';
import { jsonLine, shownMessage } from './show.ts';

const log = logger('ofp_errors');

/** As much as is shown of a message unless something else is asked for. */
const usualVerbosity = 2;
const standardInput = 0;

/** What `ofp-print HEX [VERBOSITY]` does. */
export function printHex(context: OfctlContext, [text = '', verbosity]: readonly string[]): void {
  const bytes = text === '-' && context.isRaw ? readDescriptor(standardInput) : readHexBytes(digitsOf(text));
  if (bytes === undefined) throw new Fatal('trailing garbage following hex bytes');
  const level = verbosity === undefined ? usualVerbosity : Number.parseInt(verbosity, 10) || 0;
  context.print(shownMessage({ ...context, verbosity: 0 }, bytes, level));
}

/** The argument, or the first line of standard input in its place. */
function digitsOf(text: string): string {
  if (text !== '-') return text;
  const [line = ''] = decodeText(readDescriptor(standardInput)).split('\n');
  return line;
}

/** What `ofp-parse FILE` does: the messages follow each other, with nothing between them. */
export function printFile(context: OfctlContext, [file = '']: readonly string[]): void {
  const bytes = file === '-' ? readDescriptor(standardInput) : readFile(file);
  for (let at = 0; at < bytes.length; ) {
    const size = messageSize(bytes, at);
    if (size !== undefined && size < headerSize)
      throw new Fatal(`${file}: ${size}-byte message is too short for OpenFlow`);
    if (size === undefined || size > bytes.length - at)
      throw new Fatal(`${file}: unexpected end of file mid-message`);
    context.print(shownMessage(context, bytes.subarray(at, at + size), usualVerbosity));
    at += size;
  }
}

function readFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Fatal(`${file}: open (${reasonOf(error)})`);
  }
}

const lastVersion = 6;

/** What `encode-hello BITMAP` does: bit N stands for version N. */
export function encodeHello(context: OfctlContext, [bitmap = '']: readonly string[]): void {
  const bits = Number(bitmap);
  const offered = allVersions.filter((version) => ((bits >>> version) & 1) !== 0);
  const version = offered.at(-1);
  if (version === undefined || bits >= 2 << lastVersion)
    throw new Fatal(`${bitmap}: no versions of OpenFlow that are known`);
  const isAllBefore = offered.length === version;
  const value = { versions: isAllBefore ? undefined : offered };
  const bytes = messageBytes({ name: 'HELLO', value }, version, 1);
  const dump = context.isJson === true ? '' : hexDump(bytes, 'without text');
  context.print(dump + shownMessage(context, bytes, 0));
}

/** What `print-error NAME` does: its numbers in each version that has it. */
export function printErrorNumbers(context: OfctlContext, [name = '']: readonly string[]): void {
  if (!isErrorName(name)) throw new Fatal(`unknown error "${name}"`);
  for (const version of allVersions) {
    const numbers = errorCode(name, version);
    if (numbers === undefined) continue;
    const { experimenter, type, code = 0 } = numbers;
    if (context.isJson === true) {
      context.print(jsonLine({ version: versionName(version), vendor: experimenter, type, code }));
      continue;
    }
    const vendor = hexOrZero(experimenter);
    context.print(`OpenFlow ${versionText(version)}: vendor ${vendor}, type ${type}, code ${code}\n`);
  }
}

/** What `encode-error-reply NAME MESSAGE` does: the error as an answer to that message. */
export function encodeErrorReply({ print }: OfctlContext, [name = '', text = '']: readonly string[]): void {
  if (!isErrorName(name)) throw new Fatal(`unknown error "${name}"`);
  const request = readHexBytes(text);
  if (request === undefined) throw new Fatal('Trailing garbage in hex data');
  if (request.length < headerSize) throw new Fatal('Request too short');
  if (messageSize(request) !== request.length) throw new Fatal('Request size inconsistent');
  const version = versionForError(request[0] ?? 0);
  const numbers = { experimenter: 0, type: 0, code: 0 };
  const xid = new DataView(request.buffer, request.byteOffset).getUint32(4);
  const error = { name: 'ERROR', value: { name, numbers, data: request } } as const;
  print(hexDump(messageBytes(error, version, xid), 'without text'));
}

/** Errors about versions that nobody knows are of OpenFlow 1.0. */
function versionForError(number: number): WireVersion {
  if (allVersions.some((version) => version === number)) return knownVersion(number);
  log.err(`cannot encode error for unknown OpenFlow version 0x${number.toString(16).padStart(2, '0')}`);
  return 1;
}
