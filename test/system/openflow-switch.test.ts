/** What the real ovs-vswitchd answers to every request of every version: read, and written to the same bytes again. */
import { spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { Writer } from '../../src/openflow/bytes.ts';
import { decodeMessage, encodeMessage, messageSize, type Sent } from '../../src/openflow/codec.ts';
import { damaged, readOrRefuse } from '../../src/openflow/message-fixture/damage.ts';
import { matchOf } from '../../src/openflow/message-fixture.ts';
import { formsToSend } from '../../src/openflow/message-table.ts';
import { allVersions, versionName, type WireVersion } from '../../src/openflow/versions.ts';
import { SwitchHost, whyNoReference } from './support/daemon-pair.ts';
import { splitWords } from './support/words.ts';

const allPorts = 0xffff;
const noGroup = 0xffffffff;
const allGroups = 0xfffffffc;
const allMeters = 0xffffffff;
const flows = {
  table: 0xff,
  outPort: allPorts,
  outGroup: noGroup,
  cookie: 0n,
  cookieMask: 0n,
  match: matchOf(''),
};

/** Those that do not change the switch. */
const requests: readonly Sent[] = [
  { name: 'FEATURES_REQUEST', value: undefined },
  { name: 'GET_CONFIG_REQUEST', value: undefined },
  { name: 'DESC_REQUEST', value: undefined },
  { name: 'TABLE_REQUEST', value: undefined },
  { name: 'TABLE_DESC_REQUEST', value: undefined },
  { name: 'TABLE_FEATURES_REQUEST', value: [] },
  { name: 'PORT_REQUEST', value: { port: allPorts } },
  { name: 'PORT_DESC_REQUEST', value: { port: allPorts } },
  { name: 'QUEUE_REQUEST', value: { port: 0xfffc, queue: 0xffffffff } },
  { name: 'QUEUE_GET_CONFIG_REQUEST', value: { port: 1, queue: 0xffffffff } },
  { name: 'FLOW_REQUEST', value: flows },
  { name: 'AGGREGATE_REQUEST', value: flows },
  { name: 'GROUP_REQUEST', value: { group: allGroups } },
  { name: 'GROUP_DESC_REQUEST', value: { group: allGroups } },
  { name: 'GROUP_FEATURES_REQUEST', value: undefined },
  { name: 'METER_REQUEST', value: { meter: allMeters } },
  { name: 'METER_CONFIG_REQUEST', value: { meter: allMeters } },
  { name: 'METER_FEATURES_REQUEST', value: undefined },
  { name: 'ROLE_REQUEST', value: { role: 'equal', generation: undefined } },
  { name: 'GET_ASYNC_REQUEST', value: undefined },
  { name: 'TLV_TABLE_REQUEST', value: undefined },
  { name: 'IPFIX_BRIDGE_REQUEST', value: undefined },
  { name: 'IPFIX_FLOW_REQUEST', value: undefined },
  // In other tables are instructions, which the switch puts among actions in OpenFlow 1.1 and 1.2.
  {
    name: 'FLOW_MONITOR_REQUEST',
    value: [
      {
        id: 1,
        command: 'add',
        flags: 0x1f,
        outPort: allPorts,
        outGroup: noGroup,
        table: 0,
        match: flows.match,
      },
    ],
  },
];

function bytesOf(version: WireVersion, message: Sent, xid: number): Uint8Array {
  const to = new Writer();
  encodeMessage(to, version, message, xid);
  return to.written.slice();
}

/** All that the version can ask, in every form, ended by a barrier. */
function conversation(version: WireVersion): Uint8Array[] {
  const last = { name: 'BARRIER_REQUEST', value: undefined } as const;
  const hello = bytesOf(version, { name: 'HELLO', value: { versions: [version] } }, 1);
  const sent = requests.flatMap((request) =>
    formsToSend(version, request.name).map(({ printed }) => ({ ...request, form: printed })),
  );
  return [hello, ...[...sent, last].map((message, n) => bytesOf(version, message, n + 2))];
}

/** What the switch says until the barrier is answered. */
function answers(path: string, version: WireVersion): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let left = Buffer.alloc(0);
    const found: Uint8Array[] = [];
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed before the barrier was answered')));
    socket.on('data', (data) => {
      left = Buffer.concat([left, data]);
      for (
        let size = messageSize(left);
        size !== undefined && size <= left.length;
        size = messageSize(left)
      ) {
        found.push(Uint8Array.from(left.subarray(0, size)));
        left = left.subarray(size);
      }
      if (!found.some((bytes) => bytes[1] === (version === 1 ? 19 : 21))) return;
      socket.removeAllListeners('close');
      socket.destroy();
      resolve(found);
    });
    for (const bytes of conversation(version)) socket.write(bytes);
  });
}

/** What it says, a little wrong, is read or refused. */
const damagedPerAnswer = 20;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.skipIf(whyNoReference() !== undefined)('the real ovs-vswitchd', () => {
  const host = new SwitchHost('reference', { args: ['--enable-dummy'] });
  const socket = join(host.folder, 'br0.mgmt');
  const everyVersion = allVersions.map(versionName).join();
  const ofctl = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('ovs-ofctl', ['-O', everyVersion, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ovs-ofctl ${args.join(' ')}: ${stderr}`);
  };

  beforeAll(async () => {
    await host.start();
    host.vsctl(
      ...splitWords(`-- add-br br0 -- set bridge br0 datapath_type=dummy protocols=${everyVersion}`),
      ...['--', 'add-port', 'br0', 'p1', '--', 'set', 'interface', 'p1', 'type=dummy', 'ofport_request=1'],
    );
    const target = `unix:${socket}`;
    ofctl('add-group', target, 'group_id=2,type=all,bucket=output:1');
    ofctl('add-group', target, 'group_id=1,type=select,bucket=weight:5,output:1,bucket=weight:6,group:2');
    ofctl(
      'add-flow',
      target,
      'tcp,nw_src=10.0.0.0/8,tp_dst=80,idle_timeout=6000,actions=set_field:5->reg0,resubmit(,1)',
    );
    ofctl(
      'add-flow',
      target,
      'table=1,priority=7,udp6,ipv6_dst=fe80::/64,send_flow_rem,actions=ct(commit,zone=4),group:1',
    );
    ofctl('add-flow', target, 'table=2,dl_vlan=5,importance=9,actions=write_actions(output:1),goto_table:3');
    ofctl('add-meter', target, 'meter=1,kbps,burst,stats,bands=type=drop,rate=1000,burst_size=10');
  }, 120_000);
  afterAll(() => host[Symbol.asyncDispose]());

  test.each(allVersions.map((version) => [versionName(version), version] as const))(
    '%s',
    async (_, version) => {
      const all = await answers(socket, version);
      expect(all.length).toBeGreaterThan(10);
      const read = all.map(decodeMessage);
      expect(read.map((message) => hex(bytesOf(message.version, message, message.xid)))).toEqual(
        all.map(hex),
      );
      const random = seededRandom(version);
      for (const one of all)
        for (const other of all.slice(0, damagedPerAnswer)) readOrRefuse(damaged(one, other, random));
      const names = read.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['FEATURES_REPLY', 'FLOW_REPLY', 'GROUP_DESC_REPLY', 'PORT_REPLY']),
      );
    },
  );
});
