/** ovs-ofctl's commands for tests, and those on captures, beside the real one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { composeFrame } from '../../src/flow/compose.ts';
import { readPacket } from '../../src/flow/match-text.ts';
import { portText } from '../../src/openflow/ports.ts';
import { emitPcapHeader, emitPcapRecord } from '../../src/wire/pcap.ts';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';

const folder = mkdtempSync(join(tmpdir(), 'ofctl-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, args: readonly string[], input: string | Uint8Array): Said {
  const { status, stdout, stderr } = spawnSync(program, args, { input });
  const plain = (bytes: Buffer): string =>
    bytes.toString('latin1').replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\|\d+\|/gm, '');
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}

function both(args: readonly string[], input: string | Uint8Array = ''): Said {
  const reference = run('/usr/bin/ovs-ofctl', args, input);
  const ours = run(`${process.cwd()}/bin/ovs-ofctl`, args, input);
  expect(ours).toEqual(reference);
  return ours;
}

const nxm = `# a comment
<any>
NXM_OF_IN_PORT(0001) # behind it

NXM_OF_ETH_TYPE(0800), NXM_OF_IP_PROTO(06), NXM_OF_TCP_DST_W(0050/fff0)
NXM_OF_TCP_DST(0050)
NXM_OF_VLAN_TCI_W(1003/1fff), NXM_NX_COOKIE(0000000000000005)
OXM_OF_ETH_DST_W(020304050607/ffffff000000), NXM_OF_ETH_SRC(020304050607)
00010203(010203), NXM_NX_REG0(00000005)
NXOXM_ET_ERSPAN_VER(01), NXOXM_ET_ERSPAN_IDX(01020304), NXOXM_ET_ERSPAN_DIR(00), NXOXM_ET_ERSPAN_HWID(12)
NXOXM_ET_ERSPAN_VER_W(01/03), NXOXM_ET_ERSPAN_IDX_W(01020304/0fffffff), NXOXM_ET_ERSPAN_HWID_W(12/ff)
NXM_NX_REG0_W(00000005/00000006)
OXM_OF_METADATA(0000000000000007), OXM_OF_ETH_TYPE(86dd), NXM_NX_IPV6_SRC(00000000000000000000000000000001)
`;

const actions10 = `0000 0008 0002 0000
1,0001 0008 0005 0000
ffff 0010 00002320 0001 0005 00000000
0003 0008 00 000000
0000 0018 0002 0000
00ff 0008 00000000
ffff 0010 00002321 0001 0005 00000000
`;

describe.skipIf(whyNoReference() !== undefined)('ovs-ofctl beside the real one', () => {
  test.each([
    [['parse-nx-match'], nxm],
    [['parse-nxm', '-m', '--strict'], nxm],
    [['parse-oxm', 'OpenFlow12', '--strict'], nxm],
    [['parse-oxm', 'OpenFlow15', '-m'], nxm],
    [['parse-oxm', 'OpenFlow11'], nxm],
    [['parse-nxm'], 'NXM_OF_ETH_TYPE(08)\n'],
    [['-voff', 'parse-actions', 'OpenFlow10'], actions10],
    [['-voff', 'parse-actions', 'OpenFlow15'], '0000 0010 00000003 0040 000000000000\n'],
    [['parse-actions', 'nothing'], ''],
    [
      ['-voff', 'parse-instructions', 'OpenFlow13'],
      '0001 0008 05 000000\n7,0001 0008 05 000000\n0004 0008 00000000\n0009 0008 00000000\n',
    ],
    [['parse-ofp10-match'], `${'00'.repeat(39)}\n`],
    [
      ['-voff', 'parse-ofp10-match'],
      `003820ff${'xx'.repeat(36)}\n0038209f${'0000'}${'00'.repeat(12)}00000000080000060000${'0a000001'.repeat(2)}00010050\n003fffff${'xx'.repeat(36)}\n`,
    ],
    [
      ['-voff', 'parse-ofp11-match'],
      `0000 0058 00000000 000003ff ${'00'.repeat(6)} ${'ff'.repeat(6)} ${'00'.repeat(6)} ${'ff'.repeat(6)} 0000 00 00 0000 00 00 00000000 ffffffff 00000000 ffffffff 0000 0000 00000000 00 000000 ${'00'.repeat(8)} ${'ff'.repeat(8)}\n`,
    ],
    ...[
      '0000 0000',
      '0000 ffff',
      '1000 1000',
      '1123 1fff',
      'b123 ffff',
      '2000 e000',
      'f000 f000',
      '3000 3000',
    ].map((tci): [string[], string] => [['check-vlan', ...tci.split(' ')], '']),
    [['encode-error-reply', 'OFPBIC_UNSUP_INST', '0108000800000001'], ''],
    [['encode-error-reply', 'OFPBMC_BAD_PREREQ', '0408000800000001'], ''],
    [['encode-error-reply', 'OFPBRC_EPERM', '0908000800000001'], ''],
    [['encode-error-reply', 'NOTHING', '09'], ''],
    [['encode-error-reply', 'OFPBRC_EPERM', '09zz'], ''],
    [['encode-error-reply', 'OFPBRC_EPERM', '09'], ''],
    [['encode-error-reply', 'OFPBRC_EPERM', '0908000900000001'], ''],
    [['parse-key-value', 'a=b,c(d)->e f:g h', '', ',', 'a==b'], ''],
    [['compose-packet', 'udp,nw_src=1.2.3.4,dl_vlan=5', '0102030405'], ''],
    [['compose-packet', 'ipv6,nw_proto=58,icmpv6_type=135,nd_target=::1'], ''],
    [['compose-packet', 'arp,arp_op=1,arp_spa=1.2.3.4'], ''],
    [['compose-packet', 'nothing=3'], ''],
    [['compose-packet', 'tcp', 'xx'], ''],
    [['parse-pcap', '/nowhere/at-all', '/etc/passwd'], ''],
    [['ofp-parse-pcap', '/etc/passwd'], ''],
    [['ofp-print', '04ff000800000001'], ''],
    [['ofp-print', '0400000900000001'], ''],
    [['ofp-print', '0404001000000001 0000232100000001'], ''],
  ])('%j', (args, input) => {
    both(args, input);
  });

  test('reads packets and captures', () => {
    const { key } = readPacket('tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_src=6653,tp_dst=50000', portText);
    const messages = Uint8Array.from(Buffer.from('04020008000000010100000800000002' + '04ff', 'hex'));
    const segment = (sequence: number, flags: number, data: Uint8Array): Uint8Array => {
      const frame = composeFrame(key, data);
      const tcp = new DataView(frame.buffer, 34);
      tcp.setUint32(4, sequence);
      tcp.setUint8(13, flags);
      return frame;
    };
    const frames = [
      segment(99, 2, new Uint8Array(0)),
      segment(100, 16, messages.subarray(0, 5)),
      segment(105, 16, messages.subarray(5)),
      segment(105, 16, messages.subarray(5)),
    ];
    const records = frames.map((frame, n) => emitPcapRecord(frame, 1_700_000_000_000 + n));
    const good = Buffer.concat([emitPcapHeader(), ...records]);
    const cut = good.subarray(0, good.length - 5);
    const zero = Buffer.concat([
      emitPcapHeader(),
      Buffer.from([...emitPcapRecord(new Uint8Array(2), 0)].fill(255)),
    ]);
    for (const [name, bytes] of Object.entries({ good, cut, zero, none: new Uint8Array(0) })) {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      both(['parse-pcap', file]);
      both(['ofp-parse-pcap', file]);
      both(['--timestamp', 'ofp-parse-pcap', file, '6653']);
      both(['ofp-parse-pcap', file, '1', '2']);
    }
    expect(both(['ofp-parse-pcap', join(folder, 'good')]).stdout).toContain(
      '10.0.0.1.6653 > 10.0.0.2.50000:',
    );
    for (const frame of frames) both(['parse-packet'], frame);
    both(['parse-packet'], '');
  });

  test('writes a capture', () => {
    const [reference, ours] = ['/usr/bin/ovs-ofctl', `${process.cwd()}/bin/ovs-ofctl`].map(
      (program) => spawnSync(program, ['--pcap', 'compose-packet', 'tcp']).stdout,
    );
    const withoutTime = (bytes: Buffer | undefined): Buffer =>
      Buffer.concat([bytes?.subarray(0, 24) ?? Buffer.alloc(0), bytes?.subarray(32) ?? Buffer.alloc(0)]);
    expect(withoutTime(ours)).toEqual(withoutTime(reference));
  });
});
