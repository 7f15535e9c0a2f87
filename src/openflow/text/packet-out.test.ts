import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { Writer } from '../bytes.ts';
import { encodeMessage } from '../codec.ts';
import { portText } from '../ports.ts';
import { protocolSets } from '../protocols/protocols.ts';
import { formatMessage } from './messages.ts';
import { readPacketOut } from './packet-out.ts';

const context = { ports: portText };
const packet = '50540000000550540000000612340000';

describe('packets that are to be sent', () => {
  test.each([
    [`packet=${packet}`, 'in_port=CONTROLLER actions=drop'],
    [`in_port=1 packet=${packet} actions=output:2,output:3`, 'in_port=1 actions=output:2,output:3'],
    [`in_port=LOCAL,packet(50 54 ${packet.slice(4)}),action=5`, 'in_port=LOCAL actions=output:5'],
    [
      `reg0=5,tun_id=0x10,packet=${packet},actions=1`,
      'reg0=0x5,tun_id=0x10,in_port=CONTROLLER actions=output:1',
    ],
  ])('%s', (text, printed) => {
    const { message } = readPacketOut(text, context);
    const to = new Writer();
    encodeMessage(to, 6, { name: 'PACKET_OUT', value: message }, 1);
    expect(formatMessage(to.written, 0)).toContain(` ${printed} data_len=16`);
  });

  test.each([
    ['in_port=1', 'must specify packet'],
    [`in_port,packet=${packet}`, 'field in_port missing value'],
    [`in_port=x,packet=${packet}`, 'x is not a valid OpenFlow port'],
    [`in_port=ALL,packet=${packet}`, 'ALL is not a valid OpenFlow port for PACKET_OUT'],
    [`ip_src=1.2.3.4,packet=${packet}`, 'ip_src is not a valid pipeline field for PACKET_OUT'],
    [`tcp=1,packet=${packet}`, 'unknown keyword tcp'],
    ['packet=123', 'packet: Trailing garbage in packet data'],
    ['packet=1234', 'packet: Packet data too short for Ethernet'],
    ['packet_type=1', "packet_type(1) can't be interpreted"],
    [`packet=${packet} actions=fly`, 'unknown action fly'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => readPacketOut(text, context)).toThrow(expect.objectContaining({ why }));
  });

  it('are said by protocols that have what they need', () => {
    const usable = (text: string) => readPacketOut(`packet=${packet},${text}`, context).usable;
    expect(usable('in_port=1')).toBe(protocolSets.any);
    expect(usable('reg0=1')).toBe(protocolSets.extensible);
    expect(usable('actions=push_vlan:0x8100')).toBe(protocolSets.since11);
  });

  it('read any text or say what is wrong with it', () => {
    const words = [
      'in_port=',
      'packet=',
      packet,
      'packet_type(',
      'actions=',
      'reg0=',
      '1',
      '/',
      ',',
      ' ',
      ')',
      'output:',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 }), (parts) => {
        expectReadOrMalformed(() => readPacketOut(parts.join(''), context));
      }),
    );
  });
});
