import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { messageBytes } from '../codec.ts';
import { anyMessage } from '../message-fixture.ts';
import { portText } from '../ports.ts';
import { readFlow } from './flows.ts';
import { messageJson, plainValue } from './json.ts';
import { tableText } from './names.ts';

const names = { ports: portText, tables: tableText };

describe('a message as JSON', () => {
  it('has its values as they are', () => {
    const { mod } = readFlow(
      'priority=7,cookie=0xffffffffffffffff,tcp,tp_dst=80/0xfff0,actions=output:2',
      'add',
      names,
    );
    const bytes = messageBytes({ name: 'FLOW_MOD', value: mod }, 4, 9);
    expect(messageJson(bytes, names)).toMatchObject({
      name: 'FLOW_MOD',
      form: 'OFPT_FLOW_MOD',
      version: 'OpenFlow13',
      xid: 9,
      value: {
        command: 'add',
        priority: 7,
        newCookie: '18446744073709551615',
        match: {
          text: 'tcp,tp_dst=0x50/0xfff0',
          fields: { eth_type: 0x800, nw_proto: 6, tcp_dst: { value: 80, mask: 0xfff0 } },
        },
        actions: [{ do: 'output', port: 2, text: 'output:2' }],
      },
    });
  });

  test.each([
    ['in_port=5,dl_src=00:11:22:33:44:55', { in_port: '5', eth_src: '00:11:22:33:44:55' }],
    ['ip,nw_src=10.0.0.0/8', { eth_type: 0x800, ip_src: { value: '10.0.0.0', mask: '255.0.0.0' } }],
    ['ct_state=+est-new,tun_metadata3=5', { ct_state: '-new+est', tun_metadata3: 5 }],
    ['reg3=5/7,tun_metadata1', { reg3: { value: 5, mask: 7 }, tun_metadata1: { value: 0, mask: 0 } }],
    ['xreg1=1', { reg2: 0, reg3: 1 }],
  ])('says the fields of %s', (text, told) => {
    const { mod } = readFlow(`${text},actions=drop`, 'add', names);
    expect(plainValue(mod.match, names)).toMatchObject({ fields: told });
  });

  it('is JSON, whatever it says', () => {
    fc.assert(
      fc.property(anyMessage, ({ value }) => {
        const plain = plainValue(value, names);
        expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
      }),
    );
  });

  it('says what is wrong', () => {
    expect(messageJson(Uint8Array.of(1, 200, 0, 8, 0, 0, 0, 1), names)).toMatchObject({
      error: 'OFPBRC_BAD_TYPE',
      bytes: '01c8000800000001',
    });
  });
});
