/** Numbers, names, matches and lists of actions that the values of many messages have. */
import fc from 'fast-check';
import { keyValues } from '../../flow/key-values.ts';
import { packMatch } from '../../flow/match.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import { readActionText } from '../action-codec.ts';
import type { Message } from '../messages/index.ts';
import { portText } from '../ports.ts';

/** Any value of each of those messages. */
export type AnyValues<N extends Message['name']> = {
  readonly [K in N]: fc.Arbitrary<Extract<Message, { readonly name: K }>['value']>;
};

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.nat({ max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 2n });
const counter = fc.option(u64, { nil: undefined });
const port = fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0xfff8, max: 0xffff }));
const realPort = fc.integer({ min: 1, max: 0xfeff });
const table = fc.integer({ min: 0, max: 254 });
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
const data = fc.uint8Array({ maxLength: 30 });
const name = (size: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[a-z][a-z0-9-]*$/, { size: 'small' }).map((text) => text.slice(0, size - 1));
const duration = fc.option(
  fc.record({ seconds: fc.nat({ max: 0xfffffffe }), nanoseconds: fc.nat({ max: 999_999_999 }) }),
  { nil: undefined },
);
const nothing = fc.constant(undefined);
const oneOf = fc.constantFrom;
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 3 });

/** The match of ovs-ofctl's words. */
export function matchOf(text: string) {
  const builder = new MatchBuilder();
  for (const { name: field, value } of keyValues(text)) builder.take(field, value, portText);
  return packMatch(builder.key, builder.mask);
}

const match = fc
  .constantFrom(
    '',
    'in_port=1',
    'in_port=LOCAL,dl_src=00:01:02:03:04:05',
    'tcp,nw_src=10.0.0.0/8,nw_dst=10.1.2.3,tp_src=1,tp_dst=80',
    'udp,in_port=2,nw_src=1.2.3.4,tp_dst=53',
    'dl_vlan=5,dl_vlan_pcp=3',
    'vlan_tci=0',
    'vlan_tci=0x1000/0x1000',
    'arp,arp_spa=1.2.3.4,arp_op=1',
    'icmp,icmp_type=8',
    'udp6,ipv6_src=::1,udp_dst=53',
    'ip,nw_tos=32',
    'mpls,mpls_label=5',
    'tun_id=0x10,reg0=7/0xff',
    'metadata=0x5/0xf',
  )
  .map(matchOf);
const actions = fc
  .constantFrom(
    'drop',
    'output:1',
    'NORMAL',
    'resubmit(,2),output:3',
    'CONTROLLER:100',
    'set_queue:5,FLOOD',
    'exit',
  )
  .map((text) => readActionText(text, { ports: portText }));

export const parts = {
  u8,
  u16,
  u32,
  u64,
  counter,
  port,
  realPort,
  table,
  mac,
  data,
  name,
  duration,
  nothing,
  oneOf,
  few,
  match,
  actions,
};
