/** Messages of ours as the real ovs-ofctl prints them. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Writer } from '../../src/openflow/bytes.ts';
import { encodeMessage } from '../../src/openflow/codec.ts';
import type { Message } from '../../src/openflow/messages/index.ts';
import type { WireVersion } from '../../src/openflow/versions.ts';

function printed(version: WireVersion, message: Message): string {
  const to = new Writer();
  encodeMessage(to, version, message, 0x2a);
  const hex = Buffer.from(to.written).toString('hex');
  return spawnSync('ovs-ofctl', ['ofp-print', hex], { encoding: 'utf8' }).stdout.trimEnd();
}

const data = Uint8Array.of(1, 2, 3);
const tooLong = {
  name: 'OFPBRC_BAD_LEN',
  numbers: { experimenter: 0, type: 1, code: 6 },
  data: new Uint8Array(),
} as const;
const nicira = { ...tooLong, name: 'NXBRC_UNENCODABLE_ERROR' } as const;

describe('ovs-ofctl ofp-print', () => {
  test.each([
    [1, { name: 'HELLO', value: { versions: undefined } }, 'OFPT_HELLO (xid=0x2a):\n version bitmap: 0x01'],
    [
      4,
      { name: 'HELLO', value: { versions: [1, 4, 6] } },
      'OFPT_HELLO (OF1.3) (xid=0x2a):\n version bitmap: 0x01, 0x04, 0x06',
    ],
    [
      4,
      { name: 'ECHO_REQUEST', value: { data } },
      'OFPT_ECHO_REQUEST (OF1.3) (xid=0x2a): 3 bytes of payload\n00000000  01 02 03                                        |...             |',
    ],
    [
      6,
      { name: 'ECHO_REPLY', value: { data: new Uint8Array() } },
      'OFPT_ECHO_REPLY (OF1.5) (xid=0x2a): 0 bytes of payload',
    ],
    [1, { name: 'FEATURES_REQUEST', value: undefined }, 'OFPT_FEATURES_REQUEST (xid=0x2a):'],
    [2, { name: 'GET_CONFIG_REQUEST', value: undefined }, 'OFPT_GET_CONFIG_REQUEST (OF1.1) (xid=0x2a):'],
    [
      3,
      { name: 'SET_CONFIG', value: { fragments: 'drop', invalidTtlToController: true, missSendLength: 128 } },
      'OFPT_SET_CONFIG (OF1.2) (xid=0x2a): frags=drop invalid_ttl_to_controller miss_send_len=128',
    ],
    [
      6,
      {
        name: 'GET_CONFIG_REPLY',
        value: { fragments: 'nx-match', invalidTtlToController: false, missSendLength: 0 },
      },
      'OFPT_GET_CONFIG_REPLY (OF1.5) (xid=0x2a): frags=nx-match miss_send_len=0',
    ],
    [1, { name: 'BARRIER_REQUEST', value: undefined }, 'OFPT_BARRIER_REQUEST (xid=0x2a):'],
    [5, { name: 'BARRIER_REPLY', value: undefined }, 'OFPT_BARRIER_REPLY (OF1.4) (xid=0x2a):'],
    [
      4,
      { name: 'ERROR', value: tooLong },
      'OFPT_ERROR (OF1.3) (xid=0x2a): OFPBRC_BAD_LEN\nOpenFlow message is empty',
    ],
    [
      1,
      { name: 'ERROR', value: nicira },
      'OFPT_ERROR (xid=0x2a): NXBRC_UNENCODABLE_ERROR\nOpenFlow message is empty',
    ],
    [
      4,
      { name: 'ERROR', value: nicira },
      'OFPT_ERROR (OF1.3) (xid=0x2a): NXBRC_UNENCODABLE_ERROR\nOpenFlow message is empty',
    ],
  ] as const)('of version %i: %j', (version, message, text) => {
    expect(printed(version, message)).toBe(text);
  });
});
