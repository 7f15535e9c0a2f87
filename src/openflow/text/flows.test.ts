import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { formatActions } from '../action-codec.ts';
import { formatPackedMatch } from '../match/match-codec.ts';
import type { FlowMod } from '../messages/flow-mod.ts';
import { formatFlowStats } from '../messages/flows.ts';
import { portText } from '../ports.ts';
import { readFlow, readFlowFilter } from './flows.ts';
import { tableText } from './names.ts';

const context = { ports: portText, tables: tableText };

/** As a dump has it. */
function dumped(mod: FlowMod): string {
  const counts = { duration: { seconds: 1, nanoseconds: 0 }, idleAge: undefined, hardAge: undefined };
  const stats = { ...mod, ...counts, cookie: mod.newCookie ?? 0n, packets: 0n, bytes: 0n };
  return formatFlowStats(stats, context, true);
}

const pieces = fc.constantFrom(
  ...[
    'priority=5',
    'table=3',
    'cookie=0x7',
    'idle_timeout=9',
    'hard_timeout=8',
    'importance=2',
    'send_flow_rem',
  ],
  ...[
    'check_overlap',
    'in_port=1',
    'in_port=LOCAL',
    'ip',
    'tcp',
    'udp6',
    'arp',
    'tp_dst=80',
    'tp_src=0x10/0xfff0',
  ],
  ...[
    'nw_src=10.0.0.0/8',
    'dl_vlan=5',
    'dl_src=02:00:00:00:00:01',
    'reg3=7/0xff',
    'metadata=9',
    'ct_state=+trk-new',
  ],
  ...['tun_id=5', 'ipv6_dst=fe80::/64', 'conj_id=3', 'x=1', 'priority=70000', '=', ',', ' ', 'nw_frag=first'],
);
const actions = fc.constantFrom(
  ...[
    'drop',
    '1',
    'output:2',
    'NORMAL',
    'mod_nw_src:1.2.3.4',
    'load:5->NXM_NX_REG1[3..7]',
    'resubmit(,2)',
    'goto_table:200',
  ],
  ...[
    'set_field:7->reg2',
    'move:reg1[]->reg2[]',
    'learn(table=1,eth_src)',
    'ct(commit,zone=5)',
    'group:4',
    'dec_ttl',
    'x',
  ],
  ...[
    'strip_vlan',
    'push_vlan:0x8100',
    'note:01.02',
    'controller(max_len=5)',
    'conjunction(3,1/2)',
    '(',
    ')',
    ',,',
  ],
);
const flowText = fc
  .tuple(fc.array(pieces, { maxLength: 6 }), fc.array(actions, { maxLength: 4 }))
  .map(([match, list]) => `${match.join()}${match.length === 0 ? '' : ','}actions=${list.join()}`);

describe('flows', () => {
  it('are read, or refused with a reason, and dumped and read again as they were', () => {
    fc.assert(
      fc.property(flowText, (text) => {
        let mod: FlowMod;
        try {
          ({ mod } = readFlow(text, 'add', context));
        } catch (why) {
          if (!(why instanceof Malformed)) throw why;
          expect(why.why).not.toBe('');
          return;
        }
        const again = readFlow(dumped(mod), 'add', context).mod;
        expect(dumped(again)).toBe(dumped(mod));
      }),
    );
  });

  it('of any text are read or refused, as filters are', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(pieces, actions, fc.string())).map((list) => list.join('')),
    );
    fc.assert(
      fc.property(any, (text) => {
        for (const read of [() => readFlow(text, 'any', context), () => readFlowFilter(text, context)]) {
          try {
            read();
          } catch (why) {
            if (!(why instanceof Malformed)) throw why;
          }
        }
      }),
    );
  });

  test.each([
    ['add,ip,actions=1', 'add', 'ip', 'output:1'],
    ['delete tcp,tp_dst=80', 'delete', 'tcp,tp_dst=80', 'drop'],
    ['modify_strict priority=3,arp,actions=drop', 'modify_strict', 'priority=3,arp', 'drop'],
    ['mod arp,actions=2', 'modify', 'arp', 'output:2'],
    ['actions=2', 'add', '', 'output:2'],
  ])('%s', (text, command, match, list) => {
    const { mod } = readFlow(text, 'any', context);
    expect(mod.command).toBe(command);
    expect(formatPackedMatch(mod.match, context, mod.priority)).toBe(match);
    expect(formatActions(mod.actions, context)).toBe(list);
  });
});
