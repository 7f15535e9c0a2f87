import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { Writer } from '../bytes.ts';
import { encodeMessage } from '../codec.ts';
import { portText } from '../ports.ts';
import { protocolSets } from '../protocols/protocols.ts';
import { formatMessage } from './messages.ts';
import { readMonitor } from './monitors.ts';

/** What a switch is asked for, as the reference prints it. */
function asked(text: string): string {
  const { request } = readMonitor(text, 0, { ports: portText });
  const to = new Writer();
  encodeMessage(to, 1, { name: 'FLOW_MONITOR_REQUEST', value: [request] }, 1);
  return formatMessage(to.written, 1).split('\n')[1]?.trim() ?? '';
}

describe('what to watch', () => {
  test.each([
    ['', 'id=0 flags=initial,add,delete,modify,actions,own'],
    ['!initial,!add !own', 'id=0 flags=delete,modify,actions'],
    ['table=3,out_port=7', 'id=0 flags=initial,add,delete,modify,actions,own out_port=7 table=3'],
    ['tcp,tp_dst=80', 'id=0 flags=initial,add,delete,modify,actions,own tcp,tp_dst=80'],
  ])('%j is a request', (text, request) => {
    expect(asked(text)).toBe(request);
  });

  test.each([
    ['nonsense', 'nonsense: field nonsense missing value'],
    ['nonsense=1', 'nonsense=1: unknown keyword nonsense'],
    ['table', 'table: field table missing value'],
    ['table=300', 'unknown table "300"'],
    ['dl_dst=zz', 'zz: invalid Ethernet address'],
  ])('%j is refused', (text, why) => {
    expect(() => asked(text)).toThrow(expect.objectContaining({ why }));
  });

  test('narrows the protocols that can say it', () => {
    const usable = (text: string): number => readMonitor(text, 0, { ports: portText }).usable;
    expect(usable('in_port=1')).toBe(protocolSets.any);
    expect(usable('ipv6_src=fe80::1')).toBe(protocolSets.extensible);
  });

  test('of any text is a request, or Malformed', () => {
    const word = fc.constantFrom(
      '!add',
      'table',
      'tcp',
      'in_port',
      'nw_src',
      'out_group',
      '=',
      ',',
      ' ',
      '1',
      '/',
      '(',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          expectReadOrMalformed(() => asked(text));
        },
      ),
    );
  });
});
