/** What ovs-ofctl says in its log of messages, actions and words that are wrong, beside the real one, and what it prints. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const reference = '/usr/bin/ovs-ofctl';
const ours = `${process.cwd()}/bin/ovs-ofctl`;

/** Both streams, and the status, of each. */
function both(args: readonly string[], input = ''): { readonly stderr: string }[] {
  return [ours, reference].map((program) => {
    const all = ['-vPATTERN:console:%c|%p|%m', ...args];
    const { status, stdout, stderr } = spawnSync(program, all, { input, encoding: 'utf8' });
    return { status, stdout, stderr };
  });
}

const badMessages: readonly (readonly [what: string, hex: string])[] = [
  ['a hello without versions', '01000010 00000000 00010008 00000000'],
  ['a hello of versions that are not known', '07000018 00000000 0001000c 00000000 000000f2 00000000'],
  ['a hello of version 0', '01000010 00000000 00010008 000000f1'],
  ['a hello of version 0 alone', '01000010 00000000 00010008 00000001'],
  [
    'asynchronous messages for reasons that there are not',
    '051c0018 00000002 0000000800000040 0001000800000002',
  ],
  ['asynchronous messages of unknown kind', '051c0018 00000002 0000000800000005 0011000800000002'],
  ['a bundle with a hello', '05220018 00000003 00000001 00000001 05000008 00000003'],
  ['a bundle with a question', '05220020 00000003 00000001 00000001 05120010 00000003 0000000000000000'],
  ['a bundle with half a message', '05220018 00000003 00000001 00000001 05120008 00000003'],
  ['packets in an unknown format', '04040014 00000001 00002320 00000010 00000009'],
  ['flows in an unknown format', '01040014 00000003 00002320 0000000c 00000007'],
  ['a port that there is not', '04160010 00000001 00110000 eec70000'],
  ['half a flow', '04130018 00000001 0001000000000000 0010000000000000'],
  ['a flow that is too short', `04130048 00000001 0001000000000000 0010${'00'.repeat(54)}`],
  ['half a flow of Nicira', '01110020 00000001 ffff0000 00002320 00000000 00000000 00100000 00000000'],
  [
    'a flow of Nicira that is too short',
    `01110048 00000001 ffff0000 00002320 0000000000000000 0010${'00'.repeat(46)}`,
  ],
  ['packets to send with half an action', '010d0018 00000001 ffffffff ffff0007 0000000800050000'],
];

const badActions: readonly (readonly [version: string, lines: string])[] = [
  ['OpenFlow10', '000000f000000000'],
  ['OpenFlow10', '00000010fffeffff0000000000000000'],
  ['OpenFlow10', 'ffff00110000232000150001000000000000000000000000'],
  ['OpenFlow10', 'ffff00100000123400010000000000000'],
  ['OpenFlow10', '0044000800000000'],
  ['OpenFlow10', 'ffff0010000023200fff000000000000'],
  ['OpenFlow10', 'ffff000800002320'],
  ['OpenFlow10', '000008'],
  ['OpenFlow10', 'ffff00180000232000070fcf00010004000000000000f009'],
  ['OpenFlow10', 'ffff00180000232000070fdf00010004000000000000f009'],
  ['OpenFlow10', 'ffff0018000023200007000f00000002000000000000f009'],
  ['OpenFlow11', '00000010ffffff000000000000000000'],
  ['OpenFlow11', '0000001000ffff000000000000000000'],
  // Only so many of a kind are told.
  ['OpenFlow10', '000000f000000000\n'.repeat(4)],
  ['OpenFlow10', 'ffff0020000023200016000000000000fedcba9876543210ffffffffffffffff\n'.repeat(7)],
];

const badInstructions: readonly (readonly [version: string, lines: string])[] = [
  ['OpenFlow11', '000100090100000000'],
  ['OpenFlow11', '00010010010000000000000000000000'],
  ['OpenFlow11', '00040010000000000000000000000000'],
  ['OpenFlow11', '0003001800000000ffff0010000023200008112233445566'],
  ['OpenFlow13', '00040020000000000019001080000204000008000000000000000000'],
];

const badFlows: readonly string[] = [
  'table=999,actions=drop',
  'table=99999999999,actions=drop',
  'actions=resubmit(,999)',
  'actions=output:123456',
  'in_port=123456,actions=drop',
  'in_port=99999999999,actions=drop',
  'actions=learn(table=300)',
  'actions=enqueue:123456:1',
  'actions=move:tcp_src[]->reg0[0..15]',
  'actions=move:reg0[]->ct_state[]',
  'actions=push:tcp_src',
  'actions=learn(load:5->NXM_OF_IP_DST[])',
  'actions=learn(load:NXM_OF_IP_DST[]->NXM_NX_REG1[])',
  'actions=multipath(eth_src,50,modulo_n,1,0,tcp_src)',
  'actions=set_field:5->tcp_src',
  'actions=set_field:5->vlan_vid',
];

const flowsAsGiven: readonly string[] = [
  '',
  'priority=5,idle_timeout=3,hard_timeout=4,cookie=5,send_flow_rem',
  'in_port=LOCAL,dl_vlan=5,dl_vlan_pcp=3,dl_src=01:02:03:04:05:06,dl_dst=01:02:03:04:05:06',
  'ip,nw_src=1.2.3.4/9,nw_dst=1.2.3.4,nw_tos=8',
  'ip,nw_proto=7',
  'tcp,tp_src=7',
  'udp,tp_dst=7',
  'sctp',
  'icmp,icmp_type=3,icmp_code=1',
  'icmp',
  'arp,arp_op=2,arp_tpa=1.2.3.4',
  'rarp',
  'dl_type=0x05ff',
  'dl_type=0x1234,nw_proto=3',
  'vlan_tci=0',
];

describe.skipIf(!existsSync(reference))('ovs-ofctl warns as the real one does', () => {
  test.each(badMessages)('of %s', (_, hex) => {
    const [we, they] = both(['ofp-print', hex]);
    expect(we).toEqual(they);
    expect(we?.stderr).not.toBe('');
  });

  test.each(badActions)('of actions of %s: %s', (version, lines) => {
    const [we, they] = both(['parse-actions', version], `${lines}\n`);
    expect(we).toEqual(they);
  });

  test.each(badInstructions)('of instructions of %s: %s', (version, lines) => {
    const [we, they] = both(['parse-instructions', version], `${lines}\n`);
    expect(we).toEqual(they);
  });

  test.each(badFlows)('of %s', (flow) => {
    const [we, they] = both(['-O', 'OpenFlow13', 'parse-flow', flow]);
    expect(we).toEqual(they);
    expect(we?.stderr).not.toBe('');
  });
});

describe.skipIf(!existsSync(reference))(
  'ovs-ofctl -mmm prints matches of OpenFlow 1.0 as they were given',
  () => {
    test.each(flowsAsGiven)('%s', (match) => {
      for (const format of ['openflow10', 'nxm']) {
        const [we, they] = both(['-F', format, '-mmm', 'parse-flow', `${match},actions=drop`]);
        expect(we).toEqual(they);
      }
    });

    test('though they mean something else', () => {
      const match =
        '00000000 ffff 010203040506 010203040506 0005 07 00 0800 fd 84 0000 01020304 05060708 0103 0004';
      const wild = match.replace('00000000', '000fff2f').replace('84', '01');
      for (const one of [match, wild]) {
        const rest = `${'0'.repeat(28)}8000 ffffffff ffff 0000`;
        const [we, they] = both(['ofp-print', `010e0048 00000000 ${one} ${rest}`, '3']);
        expect(we).toEqual(they);
      }
    });
  },
);
