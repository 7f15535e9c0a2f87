import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runProgram } from './support/run-program.ts';

const reference = '/usr/bin/ovs-ofctl';
const ours = `${process.cwd()}/bin/ovs-ofctl`;

/** Both streams, and the status, of each. */
function both(args: readonly string[], input = ''): { readonly stderr: string }[] {
  return [ours, reference].map((program) =>
    runProgram(program, ['-vPATTERN:console:%c|%p|%m', ...args], { input }),
  );
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
  [
    'a tunnel option of an odd length',
    '0504002800000001000023200000001a56a79d920040000000000000000000004873e5c000180000',
  ],
  [
    'a tunnel option for a field that there is not',
    '010400200000000100002320000000180001000000000000000cfa2467040000',
  ],
  ['an unknown command for tunnel options', '0504001800000001000023200000001800e300001a000000'],
  ['an unknown table miss', '0211001000000001410000000000000f'],
  ['a table that is longer than its message', '0613001800000001000e0000000000000010950000000000'],
  [
    'half of the counters of a group',
    '0513002800000001000600000000000000100200000000000002000800ee000600081e0000000004',
  ],
  [
    'table features that lack some',
    '0513013000000001000c0000000000000120eb00000000006a0000000000000000000000000000000000000000000000000000000000000000000000000000121c16f0550f5ef46b0000000434cbf54000000010000100040002000400030004000200050209000000040010000000040011000400120004000c000c8000080680000c020000000000060010000000040012000400190004000e001c80004c080001000400010204800008068000060680000c020000000000010008000400040003000a0102040507090000000000000005000800000004000d000880000c020007000800000004000f000880000c02007b0020000000020001010880000806800006068000160480001a0280001c02000a0020000000020001000480000806800006068000160480001a0280001c02',
  ],
  ['half a flow monitor', '0312002000000001ffff0000000000000000232000000002751cc2ef002f002f'],
  [
    'half a flow monitor of 1.4',
    '0612007800000001001000000000000001e508e0000000fdffffffff004fc1010001000c80000004000000010000000000000011fffffffb00000005005a19010001002980000a0286dd80003410000000000000000000000000000000018000140111800020020035000000000000008f29b7dcfffffffa',
  ],
  [
    'a flow monitor with unknown flags',
    '05120030000000010010000000000000751cc2ef0000002fffffffff00718f010001000c800000040000000100000000',
  ],
  ['half an update of the ONF', '0413002000000001ffff0000000000004f4e46000000074e00000003a9a5de16'],
  [
    'an unknown update',
    '0213004000000001ffff00000000000000002320000000020000008a0002000effa44588000b0500a68feada3457367e00000602080000000a01200000000000',
  ],
  ['half an update of 1.4', '061300180000000100100000000000393f080004a9a5de16'],
  ['half an update', '0111002000000001ffff000000002320000000020000000000a70003e1cbacb0'],
  ['half a bucket', '050f001800000001000102006e10e43900100000ffffffff'],
  [
    'a bucket that is longer than its message',
    '020f002800000001000101000000001f00200000000020af000000070000000000000010fffffffa',
  ],
  ['an unknown bucket to insert behind', '060f001800000001000000003f00000400000000ffffe1ff'],
  [
    'a bucket that is too short',
    '060f005000000001000100000d7e5c4c00380000ffffffff0008000000000000001800100000000100000010000000010000000000000000000000100000000200000010fffffffa0000000000000000',
  ],
  [
    'counters of a group that are too short',
    '0513003800000001000600000000000000000000000000040000001500000000ffffffffffffffff000000001700000f0000001a3b9ac9f0',
  ],
  [
    'half of the counters of a group of Nicira',
    '0111003800000001ffff000000002320000000070000000000280000000000040000001500000000ffffffffffffffff000000000000000f',
  ],
  [
    'a bucket with more actions than it has room for',
    '011100d000000001ffff00000000232000000008000000000030030001e508e00020000000000000002000080000000000000008fffa00000001000800000001000200080000000000580300000000040048000000000000002000080000000000000008fffd0064000100080000000100020008000000070028261800000001ffff001000002320000400000000000500000008fffb0000000100080000000100300000f213afe400200000000000000020001800000000ffff001000002320000efff8020000000000000800030000',
  ],
  ['a group that is longer than its message', '03130018000000010007000000000000a3080300d65f6122'],
  [
    'a group with an unknown property',
    '0111008800000001ffff000000002320000000080000000000500100c7bec222000000001f000000ffff003f0000154d000000010000000068617368000000000000000000000000810c18e53b62b31d0000040670da1fe4624500000e0442e33efc00000c01ff0000200200c5296f7f000000000000000000100008000000000000000800010000',
  ],
  [
    'a choice of buckets by unknown fields',
    '0613008800000001000700005f00000000500100c7bec2220000000000000000ffff003f0000154d000000010000000068617368000000000000000000000000810c18e53b62b31d8000080670da1fe462458000160442e33efc80008701ff0000280200c5296f7f0018000000000000001800100000000000000010000000010000000000000000',
  ],
  ['half a group', '0613001800000001000700000000000000100300bfee9a6d'],
  ['half of the counters of a meter', '0513002000000001000900000000000000000004002800000000000000000015'],
  [
    'value of vacancy_down is greater than vacancy_up',
    '05110020000000010700000000000008000200080000006f000300081e000000',
  ],
  [
    'vacancy threshold percentage should not be greater than 100',
    '06110020000000019c0000000000000c0002000800000003000300082ebf0000',
  ],
  [
    'vacancy value should be zero for table-mod messages',
    '0511002000000001cc000000000000080002000800000060000300082a557800',
  ],
  [
    'ntr selection method is not supported',
    '060f007000000001000101000000001f00300000ffffffff003000100000000000000010fffffffa0000000000000000000000080000000000010008000020af0002000800000007ffff00280000154d000000010000000064705f6861f268000000000000000000000000000000000b',
  ],
  [
    'unknown group property type for exp_id',
    '061300b000000001000700000000000000a0010016a9ccba00680000000000000020001000000000ffff00100000232000110000000000000000000800020000002800100000000100000010000000010000000000000000000000080003000000020008000000070020000000000002000000080001000000010008000051210002000800000000ffff00280000154d001600010000000064705f68617368000000000000000000ab7ac3d85a35a48c',
  ],
  [
    'bad bucket list length',
    '0111008800000001ffff000000002320000000080000000000500100c7bec2223500000000000000ffff003f0000154d000000010000000068617368000000000000000000000000810c18e53b62b31ddc00040670da1fe4624500000e0442e33efc00000c01ff0000200200c5296f7f001000000000000000100008000000000000000800010000',
  ],
  [
    'bucket actions of an odd length',
    '0413004000000001000700000000000000300200a95c50db00260000ffffffffffffffff93000000001500080000000500000010fffffffb0000000000000000',
  ],
  ['a table status that is cut short', '061f000800000001'],
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
  ['OpenFlow11', '00040018000000000000000000000000'],
  ['OpenFlow13', '00050008000000000001000000000000'],
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

/** Each behind an Ethernet header. */
const brokenPackets: readonly (readonly [what: string, hex: string])[] = [
  ['an IPv4 header that is cut short', '0800 45000028'],
  ['an IPv4 packet that is cut short', '0800 4500002800000000 40060000 c0a80001 c0a80002 0000'],
  ['an IPv4 header of four words', '0800 4400001400000000 40060000 c0a80001 c0a80002'],
  ['an IPv4 packet that is shorter than its header', '0800 4500001000000000 40060000 c0a80001 c0a80002'],
  ['an IPv6 header that is cut short', '86dd 60000000 0000 3a40 fe80'],
  ['an IPv6 packet that is cut short', `86dd 60000000 0008 3a40 ${'fe80'.repeat(16)} 8000`],
  ['an IPv4 packet in a VLAN', '8100 0005 0800 45000028'],
];

describe.skipIf(!existsSync(reference))('ovs-ofctl tells who asks for it that packets are broken', () => {
  test.each(brokenPackets)('%s', (_, rest) => {
    const packet = `505400000007505400000005${rest.replaceAll(' ', '')}`;
    const size = (packet.length / 2).toString(16).padStart(4, '0');
    const total = (packet.length / 2 + 18).toString(16).padStart(4, '0');
    const message = `010a${total}00000000ffffffff${size}00010000${packet}`;
    const [we, they] = both(['-vflow:console:dbg', 'ofp-print', message]);
    expect(we).toEqual(they);
    expect(we?.stderr).toContain('flow|DBG|invalid packet');
  });
});
