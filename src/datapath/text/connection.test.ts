/** Lines as the reference's daemon prints them for the same packets. */
import { describe, expect, test } from 'vitest';
import { ipProtocol } from '../../wire/ip.ts';
import type { ConnectionReport, TupleWords } from '../conntrack/queries.ts';
import { newTuple, setAddress, setIcmp, setKind, setPorts, tupleWord } from '../conntrack/tuple.ts';
import { formatConnection, showConnection } from './connection.ts';

const [first, second] = [
  [10, 0, 0, 1],
  [10, 0, 0, 2],
];
const translated = [1, 1, 1, 1];
const linkLocal = (last: number): number[] => [0xfe, 0x80, ...new Array<number>(13).fill(0), last];

interface Parts {
  readonly zone?: number;
  readonly protocol: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly ports?: readonly [number, number];
  readonly icmp?: readonly [number, number, number];
}

function tupleOf({ zone = 0, protocol, from, to, ports, icmp }: Parts): TupleWords {
  const tuple = newTuple();
  setKind(tuple, zone, from.length === 4 ? 4 : 6, protocol);
  if (ports !== undefined) setPorts(tuple, ...ports);
  if (icmp !== undefined) setIcmp(tuple, ...icmp);
  setAddress(tuple, tupleWord.source, from);
  setAddress(tuple, tupleWord.destination, to);
  return [...tuple];
}

function reportOf(original: Parts, reply: Partial<Parts>, more: Partial<ConnectionReport>): ConnectionReport {
  const answer = { ...original, from: original.to, to: original.from, ...reply };
  return {
    ...{ original: tupleOf(original), reply: tupleOf(answer), parent: undefined, helper: undefined },
    ...{ mark: 0, label: [0, 0, 0, 0], timeout: 58, state: undefined, ...more },
  };
}

const quiet = { isVerbose: false, hasStatistics: false };
const all = { isVerbose: true, hasStatistics: true };

const udp: Parts = { zone: 5, protocol: ipProtocol.udp, from: first, to: second, ports: [101, 200] };
const tcp: Parts = { zone: 3, protocol: ipProtocol.tcp, from: first, to: second, ports: [80, 90] };
const end = (state: number, windowScale = 0, flags = 0) => ({ state, windowScale, flags });
const answered = { to: translated, ports: [90, 80] } as const;
const tuples =
  'orig=(src=10.0.0.1,dst=10.0.0.2,sport=80,dport=90),reply=(src=10.0.0.2,dst=1.1.1.1,sport=90,dport=80)';

describe('a connection is shown with its tuples and what is not zero', () => {
  test.each([
    [
      'udp, marked and labelled',
      reportOf(udp, { ports: [200, 101] }, { mark: 7, label: [0, 0, 0, 0x1234] }),
      'udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=101,dport=200),reply=(src=10.0.0.2,dst=10.0.0.1,sport=200,dport=101),zone=5,mark=7,labels=0x1234',
      'udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=101,dport=200),reply=(src=10.0.0.2,dst=10.0.0.1,sport=200,dport=101),id=0,zone=5,status=0,timeout=58,mark=7,labels=0x1234',
    ],
    [
      'icmp in zone 0',
      reportOf(
        { protocol: ipProtocol.icmp, from: first, to: second, icmp: [0, 8, 0] },
        { icmp: [0, 0, 0] },
        {},
      ),
      'icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=0,type=8,code=0),reply=(src=10.0.0.2,dst=10.0.0.1,id=0,type=0,code=0)',
      'icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=0,type=8,code=0),reply=(src=10.0.0.2,dst=10.0.0.1,id=0,type=0,code=0),id=0,status=0,timeout=58',
    ],
    [
      'icmpv6',
      reportOf(
        { zone: 9, protocol: ipProtocol.icmpv6, from: linkLocal(1), to: linkLocal(2), icmp: [0, 128, 0] },
        { icmp: [0, 129, 0] },
        {},
      ),
      'icmpv6,orig=(src=fe80::1,dst=fe80::2,id=0,type=128,code=0),reply=(src=fe80::2,dst=fe80::1,id=0,type=129,code=0),zone=9',
      'icmpv6,orig=(src=fe80::1,dst=fe80::2,id=0,type=128,code=0),reply=(src=fe80::2,dst=fe80::1,id=0,type=129,code=0),id=0,zone=9,status=0,timeout=58',
    ],
    [
      'a protocol without a name',
      reportOf({ zone: 4, protocol: ipProtocol.gre, from: first, to: second }, {}, {}),
      '47,orig=(src=10.0.0.1,dst=10.0.0.2,sport=0,dport=0),reply=(src=10.0.0.2,dst=10.0.0.1,sport=0,dport=0),zone=4',
      '47,orig=(src=10.0.0.1,dst=10.0.0.2,sport=0,dport=0),reply=(src=10.0.0.2,dst=10.0.0.1,sport=0,dport=0),id=0,zone=4,status=0,timeout=58',
    ],
    [
      'tcp with scaled windows, translated',
      reportOf(tcp, answered, { state: { original: end(4, 7, 1), reply: end(2, 5, 1) } }),
      `tcp,${tuples},zone=3,protoinfo=(state=ESTABLISHED)`,
      `tcp,${tuples},id=0,zone=3,status=0,timeout=58,protoinfo=(state_orig=ESTABLISHED,state_reply=SYN_SENT,wscale_orig=7,wscale_reply=5,flags_orig=WINDOW_SCALE,flags_reply=WINDOW_SCALE)`,
    ],
    [
      'tcp that has just begun',
      reportOf(tcp, answered, { state: { original: end(2), reply: end(0) } }),
      `tcp,${tuples},zone=3,protoinfo=(state=SYN_SENT)`,
      `tcp,${tuples},id=0,zone=3,status=0,timeout=58,protoinfo=(state_orig=SYN_SENT,state_reply=CLOSED,flags_orig=0,flags_reply=0)`,
    ],
    [
      'tcp that closes, watched by a helper and announced by another connection',
      reportOf(tcp, answered, {
        ...{ helper: 'ftp', parent: tupleOf(udp), state: { original: end(9, 0, 9), reply: end(6) } },
      }),
      `tcp,${tuples},zone=3,protoinfo=(state=TIME_WAIT),helper=ftp`,
      `tcp,${tuples},id=0,zone=3,status=0,timeout=58,protoinfo=(state_orig=FIN_WAIT_2,state_reply=FIN_WAIT_1,flags_orig=WINDOW_SCALE|BE_LIBERAL,flags_reply=0),helper=ftp,parent=(src=10.0.0.1,dst=10.0.0.2,sport=101,dport=200)`,
    ],
  ])('%s', (_what, report, short, long) => {
    const shown = showConnection(report);
    expect(formatConnection(shown, quiet)).toBe(short);
    expect(formatConnection(shown, all)).toBe(long);
  });
});

test('as data it has no part that is unknown', () => {
  const report = reportOf(udp, { ports: [200, 101] }, { label: [1, 0, 0, 2] });
  expect(showConnection(report)).toStrictEqual({
    protocol: 'udp',
    original: { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 101, destinationPort: 200 },
    reply: { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 200, destinationPort: 101 },
    ...{ zone: 5, mark: 0, labels: '0x1000000000000000000000002', timeout: 58 },
  });
});
