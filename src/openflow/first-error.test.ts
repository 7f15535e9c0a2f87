/** Which of several errors in a message is told, above all by a switch, which refuses what others pass over. */
import { describe, expect, test } from 'vitest';
import { decodeFor, decodeMessage } from './codec.ts';
import type { Recipient } from './declare.ts';
import { OpenFlowError } from './errors.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));

const ofOptions = (...known: readonly number[]): Recipient => ({
  optionSize: (index) => (known.includes(index) ? 4 : undefined),
  tellsTable: true,
});

function resultOf(hex: string, recipient?: Recipient): unknown {
  const bytes = bytesOf(hex);
  new DataView(bytes.buffer).setUint16(2, bytes.length);
  try {
    return decodeFor(recipient, bytes).value;
  } catch (why) {
    if (!(why instanceof OpenFlowError)) throw why;
    return why.errorName;
  }
}

/** NXT_FLOW_MOD of OpenFlow 1.0, whose command has its table in the upper byte. */
const nxFlowMod = (command: string, match: string, actions = ''): string => {
  const given = bytesOf(match);
  const padded = Buffer.concat([given, new Uint8Array(-given.length & 7)]).toString('hex');
  const size = given.length.toString(16).padStart(4, '0');
  return `01040000 00000001 00002320 0000000d 0000000000000000 ${command} 0000 0000 8000 ffffffff ffff 0000
    ${size} 000000000000 ${padded} ${actions}`;
};
const onOption40 = '0001a004 01020304';
const regLoadToOption40 = 'ffff0018 00002320 0007 001f 0001a004 0000000000000005';

describe('an option of tunnels that the switch does not know', () => {
  const wrongCommand = nxFlowMod('0009', onOption40);

  test('is refused before what comes later in the message', () => {
    expect(resultOf(wrongCommand, ofOptions())).toBe('NXFMFC_INVALID_TLV_FIELD');
    expect(resultOf(wrongCommand, ofOptions(40))).toBe('OFPFMFC_BAD_COMMAND');
    expect(resultOf(wrongCommand)).toBe('OFPFMFC_BAD_COMMAND');
  });

  test('is refused in actions, also where the same were read before', () => {
    const load = nxFlowMod('0000', '', regLoadToOption40);
    expect(resultOf(load, ofOptions(40))).toMatchObject({ command: 'add' });
    expect(resultOf(load, ofOptions())).toBe('NXFMFC_INVALID_TLV_FIELD');
    expect(resultOf(load)).toMatchObject({ command: 'add' });
  });
});

test('of an option that is shorter than a value for it the first bytes count', () => {
  const matching = (entry: string): string => nxFlowMod('0000', entry);
  const long = matching('0001a110 0102030405060708 01ff03ffffffffff'); // value and mask
  const fitting = resultOf(matching('0001a108 01020304 01ff03ff'));
  expect(resultOf(long, ofOptions(40))).toEqual(fitting);
  expect(resultOf(long)).not.toEqual(fitting);
  const loading = (header: string, entry: string): string =>
    nxFlowMod('0000', '', `${header} 00002320 0021 000000000000 ${entry}`);
  expect(resultOf(loading('ffff0020', '0001a008 0102030405060708 00000000'), ofOptions(40))).toEqual(
    resultOf(loading('ffff0018', '0001a004 01020304')),
  );
});

test('in OpenFlow 1.0 a switch takes the table for part of the command until it was agreed on', () => {
  const cutAction = 'ffff0010 00002320 0006 0000 00000000';
  const inTable3 = nxFlowMod('0300', '', cutAction);
  const untold = { ...ofOptions(), tellsTable: false };
  expect(resultOf(inTable3, untold)).toBe('OFPFMFC_BAD_COMMAND');
  expect(resultOf(inTable3, ofOptions())).not.toBe('OFPFMFC_BAD_COMMAND');
  expect(resultOf(nxFlowMod('0000', ''), untold)).toMatchObject({ table: 255 });
  expect(resultOf(nxFlowMod('0300', ''), ofOptions())).toMatchObject({ table: 3 });
});

test('of two wrong properties of a port the first is told', () => {
  const unknown = '00020008 00b40038';
  const tooLong = '0000000c 00000100 00001505';
  const portMod = (...properties: readonly string[]): string =>
    `05100000 00000001 00000001 00000000 000000000001 0000 00000000 00000000 ${properties.join('')}`;
  const padding = '00000000';
  expect(resultOf(portMod(unknown, tooLong, padding), ofOptions())).toBe('OFPBPC_BAD_TYPE');
  expect(resultOf(portMod(tooLong, padding, unknown), ofOptions())).toBe('OFPBPC_BAD_LEN');
  expect(resultOf(portMod(unknown), undefined)).toMatchObject({ port: 1 });
});

/** TABLE_FEATURES of OpenFlow 1.4, of one table. */
function features(...properties: readonly string[]): string {
  const fixed = `0500 00000000 ${'61'.padEnd(64, '0')} ${'00'.repeat(24)}`;
  const body = Buffer.from(bytesOf(`${fixed} ${properties.join('')}`)).toString('hex');
  const size = (body.length / 2 + 2).toString(16).padStart(4, '0');
  return `05120000 00000001 000c0000 00000000 ${size} ${body}`;
}

test('of two wrong properties of a table the first is told', () => {
  const unknownInstruction = '0000000c 00330004 0001ffff 00000000';
  const cutInstructions = '00010008 0001ffff';
  expect(resultOf(features(unknownInstruction, cutInstructions), ofOptions())).toBe('OFPBIC_UNKNOWN_INST');
  expect(resultOf(features(cutInstructions, unknownInstruction), ofOptions())).toBe('OFPBPC_BAD_LEN');
  expect(resultOf(features(unknownInstruction, cutInstructions))).toBe('OFPBPC_BAD_LEN');
});

test('a field of an experimenter that is cut short is an error of fields', () => {
  expect(resultOf(features('000e0008 ffff0204'))).toBe('OFPBMC_BAD_LEN');
});

test('what a group hashes has bits inside its mask before it has no mask', () => {
  const method = `0000154d 00000001 00000000 ${'68617368'.padEnd(32, '0')} 0000000000000000`;
  const groupMod = (entry: string): string =>
    `060f0000 00000001 0000 0100 00000001 0000 0000 ffffffff ffff0030 ${method} ${entry}`;
  expect(resultOf(groupMod('80001504 00ff 00ff'))).toBe('OFPBMC_BAD_MASK');
  expect(resultOf(groupMod('80001504 00ff 00fe'))).toBe('OFPBMC_BAD_WILDCARDS');
});

test('a field that is matched on as a whole may be not at all', () => {
  const typeOfIcmp = (value: string): string => nxFlowMod('0000', `80000a02 0800 80001401 01 ${value}`);
  expect(resultOf(typeOfIcmp('80002702 0000'))).toMatchObject({ command: 'add' });
  expect(resultOf(typeOfIcmp('80002702 0001'))).toBe('OFPBMC_BAD_MASK');
});

test('who gives a list of messages to be read has no switch in mind', () => {
  expect([bytesOf('0105000800000001')].map(decodeMessage)).toMatchObject([{ name: 'FEATURES_REQUEST' }]);
});
