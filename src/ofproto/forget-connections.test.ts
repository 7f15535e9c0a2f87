import { beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { ms } from '../base/units.ts';
import { TrackedConnection } from '../datapath/conntrack/connection.ts';
import { newDatagramState } from '../datapath/conntrack/exchange.ts';
import { answerQuery, type ConntrackAnswer, type ConntrackQuery } from '../datapath/conntrack/queries.ts';
import { ConnectionTracker } from '../datapath/conntrack/tracker.ts';
import { newTuple, reverse, setAddress, setKind, setPorts, tupleWord } from '../datapath/conntrack/tuple.ts';
import { readConnectionTuples } from '../openflow/text/connections.ts';
import { ipProtocol } from '../wire/ip.ts';
import { forgetConnections, forgetZone, type TrackingDatapath } from './forget-connections.ts';

const now = ms(0);
let tracker: ConnectionTracker;
let datapath: TrackingDatapath;

/** UDP of 10.0.0.1 to 10.0.0.2, and back to `answersTo`. */
function add(zone: number, port: number, answersTo = 1): void {
  const tuple = newTuple();
  setKind(tuple, zone, 4, ipProtocol.udp);
  setPorts(tuple, port, 53);
  setAddress(tuple, tupleWord.source, [10, 0, 0, 1]);
  setAddress(tuple, tupleWord.destination, [10, 0, 0, 2]);
  const reply = newTuple();
  reverse(tuple, reply);
  setAddress(reply, tupleWord.destination, [10, 0, 0, answersTo]);
  const connection = new TrackedConnection(tuple, reply, newDatagramState(), ms(60_000), now);
  connection.natSource = answersTo !== 1;
  tracker.table.add(connection);
}

beforeEach(() => {
  tracker = new ConnectionTracker(seededRandom(1));
  datapath = {
    ...{ type: 'netdev', name: 'ovs-netdev' },
    conntrack: <Q extends ConntrackQuery>(query: Q): Promise<ConntrackAnswer<Q>> =>
      Promise.resolve(answerQuery(tracker, query, now)),
  };
  for (const port of [1, 2, 3]) add(7, port);
  add(8, 1, 9);
});

const flush = (original: string, reply = '', zone?: number): Promise<boolean> =>
  forgetConnections(datapath, readConnectionTuples(original, reply, zone));

const udp = 'ct_nw_proto=17';
const addresses = 'ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2';
const answers = `ct_nw_src=10.0.0.2,ct_nw_dst=10.0.0.9,${udp},ct_tp_src=53,ct_tp_dst=1`;

test.each([
  ['nothing told: all', '', '', undefined, 0],
  ['a zone', '', '', 7, 1],
  ['a protocol, in all zones', udp, '', undefined, 0],
  ['another protocol', 'ct_nw_proto=6', '', undefined, 4],
  ['a port in all zones', `${udp},ct_tp_src=1`, '', undefined, 2],
  ['a port in a zone', `${udp},ct_tp_src=1`, '', 7, 3],
  ['an address', 'ct_nw_src=10.0.0.1', '', undefined, 0],
  ['an address of the other end', 'ct_nw_dst=10.0.0.1', '', undefined, 4],
  ['an address of the other family', 'ct_ipv6_src=fe80::1', '', undefined, 4],
  ['an address of answers', '', 'ct_nw_dst=10.0.0.9', undefined, 3],
  ['both directions', `${udp},ct_tp_src=1`, 'ct_nw_dst=10.0.0.1', undefined, 3],
  ['parts that no connection has together', `${udp},ct_tp_src=2`, 'ct_nw_dst=10.0.0.9', undefined, 4],
  ['one connection', `${addresses},${udp},ct_tp_src=2,ct_tp_dst=53`, '', 7, 3],
  ['one that is translated', `${addresses},${udp},ct_tp_src=1,ct_tp_dst=53`, '', 8, 3],
] as const)('%s', async (_what, original, reply, zone, left) => {
  expect(await flush(original, reply, zone)).toBe(true);
  expect(tracker.table.size).toBe(left);
});

test.each([
  ['one that is not there', `${addresses},${udp},ct_tp_src=9,ct_tp_dst=53`, 7],
  ['one without its zone, which is 0', `${addresses},${udp},ct_tp_src=1,ct_tp_dst=53`, undefined],
  ['a translated one by its answers', answers, 8],
])('%s is not found', async (_what, original, zone) => {
  expect(await flush(original, '', zone)).toBe(false);
  expect(tracker.table.size).toBe(4);
});

test('a zone as a whole', async () => {
  await forgetZone(datapath, 8);
  expect(tracker.table.size).toBe(3);
  await forgetZone(datapath, undefined);
  expect(tracker.table.size).toBe(0);
});
