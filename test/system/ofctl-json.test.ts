/** `ovs-ofctl -f json` beside its text, for every command that prints: both are made of the same values. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofctlCommands } from '../../src/cli/ofctl/commands.ts';
import { composeFrame } from '../../src/flow/compose.ts';
import { readPacket } from '../../src/flow/match-text.ts';
import { portText } from '../../src/openflow/ports.ts';
import { emitPcapHeader, emitPcapRecord } from '../../src/wire/pcap.ts';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { splitWords } from './support/words.ts';

const program = `${process.cwd()}/bin/ovs-ofctl`;

/** Lines of the commands that print. FOLDER is the host's. */
const lines = `
show br0
-O OpenFlow15 show br0
dump-desc br0
dump-tables br0
-O OpenFlow15 dump-tables br0
-O OpenFlow13 dump-table-features br0
-O OpenFlow15 dump-table-features br0
-O OpenFlow14 dump-table-desc br0
dump-flows br0
-O OpenFlow15 dump-flows br0
--sort dump-flows br0
--names dump-flows br0 tcp
dump-aggregate br0
queue-stats br0
queue-get-config br0 1
-O OpenFlow14 queue-get-config br0
diff-flows br0 FOLDER/flows
-O OpenFlow13 dump-meters br0
-O OpenFlow13 meter-stats br0
-O OpenFlow13 dump-meter br0 meter=1
-O OpenFlow13 meter-features br0
dump-ports br0
dump-ports br0 2
-O OpenFlow15 dump-ports-desc br0
get-frags br0
probe br0
ping br0 10
benchmark br0 10 3
dump-ipfix-bridge br0
dump-ipfix-flow br0
-O OpenFlow15 dump-groups br0
-O OpenFlow13 dump-groups br0 1
-O OpenFlow13 dump-group-stats br0
-O OpenFlow13 dump-group-features br0
dump-tlv-map br0
ofp-parse FOLDER/messages
ofp-parse-pcap FOLDER/capture
parse-flow tcp,tp_dst=80,actions=2,learn(table=1,NXM_OF_IN_PORT[])
parse-flows FOLDER/flows
parse-group group_id=1,type=all,bucket=actions=1
print-error OFPBRC_BAD_TYPE
ofp-print 0100000800000001
encode-hello 0x12
`
  .trim()
  .split('\n');

/** They print when something is wrong only, or what their own tests show. */
const silent = `add-flow add-flows mod-flows del-flows replace-flows add-meter mod-meter del-meter del-meters packet-out mod-port
  mod-table set-frags ct-flush-zone ct-flush add-group add-groups mod-group del-groups insert-buckets remove-buckets bundle
  add-tlv-map del-tlv-map`;
const watching = 'monitor snoop'; // ofctl-monitor.test.ts
const forTests = `parse-nx-match parse-nxm parse-oxm parse-actions parse-instructions parse-ofp10-match parse-ofp11-match parse-pcap
  check-vlan encode-error-reply parse-key-value compose-packet parse-packet`;

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const nameOf = (line: string): string => words(line).find((word) => ofctlCommands.has(word)) ?? '';

const tcpAt = 34;
const tcpFlags = { syn: 0x02, ack: 0x10 };

const setup = `
-O OpenFlow13 add-group br0 group_id=1,type=select,bucket=weight:3,actions=1,bucket=weight:5,actions=2
-O OpenFlow13 add-meter br0 meter=1,kbps,burst,stats,bands=type=drop,rate=100,burst_size=5
add-flow br0 table=1,priority=7,cookie=0x1234,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=mod_nw_src:1.2.3.4,2
add-flow br0 idle_timeout=6000,reg1=5/0xff,dl_vlan=3,ipv6,actions=load:7->NXM_NX_REG2[],resubmit(,1),ct(commit,zone=5)
add-tlv-map br0 {class=0xffff,type=0,len=4}->tun_metadata0
`
  .trim()
  .split('\n');

/** Every value of a property of that name, at any depth. */
function valuesOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesOf(one, name));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [
    ...(key === name ? [one] : []),
    ...valuesOf(one, name),
  ]);
}

describe.skipIf(whyNoReference() !== undefined)('ovs-ofctl -f json', () => {
  const host = new DummyHost('reference');
  const said = new Map<string, { readonly text: Said; readonly json: Said }>();

  beforeAll(async () => {
    await host.prepare();
    const ports = ['p1', 'p2'].flatMap((name, n) => [
      ...['--', 'add-port', 'br0', name],
      ...['--', 'set', 'interface', name, 'type=dummy', `ofport_request=${n + 1}`],
    ]);
    const versions = [10, 11, 12, 13, 14, 15].map((n) => `OpenFlow${n}`);
    host.vsctl(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail_mode=secure'],
      ...[`protocols=[${versions.join()}]`, ...ports],
    );
    writeFileSync(
      join(host.folder, 'flows'),
      'in_port=3,actions=1\ntable=1,priority=7,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=9\n',
    );
    const messages = Buffer.from('0100000800000001' + '04020008000000010100000800000002', 'hex');
    writeFileSync(join(host.folder, 'messages'), messages);
    const { key } = readPacket('tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_src=6653,tp_dst=50000', portText);
    const frames = [new Uint8Array(0), messages].map((data, n) => {
      const frame = composeFrame(key, data);
      new DataView(frame.buffer, tcpAt).setUint32(4, n); // the first of them opens the stream, which takes a number
      frame[tcpAt + 13] = n === 0 ? tcpFlags.syn : tcpFlags.ack;
      return emitPcapRecord(frame, 0);
    });
    writeFileSync(join(host.folder, 'capture'), Buffer.concat([emitPcapHeader(), ...frames]));
    const run = (line: string, ...options: string[]): string[] => [
      program,
      ...options,
      ...splitWords(line.replaceAll('FOLDER', host.folder)),
    ];
    const all = [
      ...setup.map((line) => run(line)),
      ...lines.flatMap((line) => [run(line), run(line, '-f', 'json')]),
    ];
    const answers = await host.runAll(all);
    expect(answers.slice(0, setup.length).map(({ stderr }) => stderr)).toEqual(setup.map(() => ''));
    lines.forEach((line, n) => {
      const [text, json] = answers.slice(setup.length + 2 * n);
      if (text !== undefined && json !== undefined) said.set(line, { text, json });
    });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const find = (line: string): { text: Said; json: Said; objects: Record<string, unknown>[] } => {
    const { text, json } = said.get(line) ?? expect.unreachable();
    return {
      text,
      json,
      objects: json.stdout
        .split('\n')
        .slice(0, -1)
        .map((one) => JSON.parse(one) as Record<string, unknown>),
    };
  };

  test('every command is tried, or is known to print nothing of its own', () => {
    const known = [...lines.map(nameOf), ...words(silent), ...words(watching), ...words(forTests)];
    expect(new Set(known)).toEqual(new Set(ofctlCommands.keys()));
  });

  test.each(lines)('%s', (line) => {
    const { text, json, objects } = find(line);
    expect({ status: json.status, stderr: json.stderr }).toEqual({
      status: text.status,
      stderr: text.stderr,
    });
    expect(objects.length).toBeGreaterThan(0);
    // What is a text inside of the JSON stands in the text as it is; so do the names of messages, where it has them.
    for (const part of valuesOf(objects, 'text')) if (part !== '') expect(text.stdout).toContain(part);
    if (!/--|dump-table-features/.test(line))
      for (const form of valuesOf(objects, 'form')) expect(text.stdout).toContain(form);
  });

  test('says in numbers what the text says', () => {
    expect(find('get-frags br0').objects).toEqual([{ fragments: 'normal' }]);
    expect(find('probe br0').objects).toEqual([{ target: 'br0', answers: true }]);
    expect(find('ping br0 10').objects).toHaveLength(10);
    expect(find('ping br0 10').objects[0]).toMatchObject({ bytes: 10, target: 'br0', xid: 2 });
    expect(find('benchmark br0 10 3').objects).toEqual([
      { packets: 3, bytes: 18, milliseconds: expect.any(Number) },
    ]);
    expect(find('print-error OFPBRC_BAD_TYPE').objects[0]).toEqual({
      ...{ version: 'OpenFlow10', vendor: 0, type: 1, code: 1 },
    });
    const [byte] = find('ofp-parse-pcap FOLDER/capture').objects;
    expect(byte).toMatchObject({ stream: '10.0.0.1.6653 > 10.0.0.2.50000', name: 'HELLO' });
  });

  test('tells both sides of what differs', () => {
    const { objects } = find('diff-flows br0 FOLDER/flows');
    expect(objects.map((one) => Object.keys(one))).toEqual([['first'], ['second'], ['first', 'second']]);
    expect(objects[2]).toMatchObject({
      first: {
        table: 1,
        priority: 7,
        cookie: 0x1234,
        actions: [{ text: 'mod_nw_src:1.2.3.4' }, { text: 'output:2' }],
      },
      second: { table: 1, priority: 7, actions: [{ text: 'output:9' }] },
    });
  });
});
