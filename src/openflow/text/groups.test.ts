import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { Writer } from '../bytes.ts';
import { encodeMessage } from '../codec.ts';
import { messageOf } from '../message-fixture.ts';
import { portText } from '../ports.ts';
import { protocolSets } from '../protocols/protocols.ts';
import { type ReadGroup, readGroup, readGroupLine, readGroupNumber } from './groups.ts';
import { formatMessage } from './messages.ts';

const context = { ports: portText };

/** As OpenFlow 1.5 prints it. */
function formatted({ mod }: Pick<ReadGroup, 'mod'>): string {
  const to = new Writer();
  encodeMessage(to, 6, { name: 'GROUP_MOD', value: mod }, 1);
  return formatMessage(to.written, 1).split('\n')[1] ?? '';
}

describe('groups', () => {
  it('that were printed are read as they were', () => {
    fc.assert(
      fc.property(messageOf('GROUP_MOD'), (message) => {
        if (message.name !== 'GROUP_MOD' || message.value.command === 'delete') return;
        const hasEmptyMask = message.value.selection?.fields.some(({ mask }) =>
          mask.every((byte) => byte === 0),
        );
        if (hasEmptyMask === true) return;
        const text = formatted({ mod: message.value });
        expect(formatted(readGroup(text.replace(/^ [A-Z_]+ /, ''), message.value.command, context))).toBe(
          text,
        );
      }),
    );
  });

  test.each([
    ['group_id=1,type=all', ' ADD group_id=1,type=all'],
    [
      'add group_id=1 type=ff bucket=watch_port:1,2',
      ' ADD group_id=1,type=ff,bucket=bucket_id:0,watch_port:1,actions=output:2',
    ],
    [
      'ad,group_id=0x10,type=indirect,bucket=drop',
      ' ADD group_id=16,type=indirect,bucket=bucket_id:0,actions=drop',
    ],
    ['a group_id=1,type=all', ' ADD group_id=1,type=all'],
    ['add_or group_id=1,type=all', ' ADD_OR_MOD group_id=1,type=all'],
    ['mod group_id=1,type=all', ' MOD group_id=1,type=all'],
    ['delete', ' DEL group_id=4294967292,type=all'],
    ['delete group_id=7', ' DEL group_id=7,type=all'],
    ['remove_bucket group_id=1,command_bucket_id=last', ' REMOVE_BUCKET command_bucket_id:last,group_id=1'],
    [
      'insert_bucket group_id=1,command_bucket_id=3,bucket=weight=5,output:1,output:2',
      ' INSERT_BUCKET command_bucket_id:3,group_id=1,bucket=bucket_id:0,weight:5,actions=output:1,output:2',
    ],
    [
      'group_id=1,type=select,selection_method=hash,fields=tcp_dst,fields(ip_src=255.0.0.0),bucket=1',
      ' ADD group_id=1,type=select,selection_method=hash,fields(ip_src=255.0.0.0,tcp_dst),bucket=bucket_id:0,actions=output:1',
    ],
  ])('%s', (line, text) => {
    expect(formatted(readGroupLine(line, context))).toBe(text);
  });

  test.each([
    ['type=all', 'must specify a group_id'],
    ['group_id=1', 'must specify a type'],
    ['group_id=1,type=some', 'invalid group type some'],
    ['group_id=4294967041,type=all', 'invalid group id 4294967041'],
    ['group_id=1,type=all,buckets=1', 'unknown keyword buckets'],
    ['group_id=1,type=all,bucket=', 'bucket must specify actions'],
    ['group_id=1,type=ff,bucket=1', 'fast failover bucket requires watch_port or watch_group'],
    ['group_id=1,type=all,bucket=weight=1,1', 'Only select groups can have bucket weights.'],
    ['group_id=1,type=indirect,bucket=1,bucket=2', 'Indirect groups can have at most one bucket.'],
    ['group_id=1,type=select,fields=ip_src', 'fields may only be specified with "selection_method=hash"'],
    ['group_id=1,type=select,selection_method=hash,fields(ip_src,x,y)', 'y: unknown field x'],
    [
      'group_id=1,type=select,selection_method=hash,fields(ip_src=0.0.0.0,y)',
      'y: values are wildcards here and must not be all-zeros',
    ],
    ['delete group_id=1,bucket=1', 'bucket is not needed'],
    ['insert_bucket group_id=1,bucket=1', 'must specify a command bucket id'],
    ['insert_bucket group_id=1,command_bucket_id=all', 'command_bucket_id=all is not permitted'],
  ])('%s is refused: %s', (line, why) => {
    expect(() => readGroupLine(line, context)).toThrow(expect.objectContaining({ why }));
  });

  it('are said by protocols that have what they need', () => {
    const usable = (line: string) => readGroupLine(line, context).usable;
    expect(usable('group_id=1,type=all')).toBe(protocolSets.any);
    expect(usable('remove_bucket group_id=1')).toBe(protocolSets.openflow10 | protocolSets.since15);
    expect(usable('group_id=1,type=select,selection_method=dp_hash')).toBe(
      protocolSets.openflow10 | protocolSets.since15,
    );
    expect(usable('group_id=1,type=all,bucket=push_vlan:0x8100,1')).toBe(protocolSets.since11);
  });

  it('get numbers for buckets that have none, which none behind the first of these has', () => {
    const ids = (buckets: string) =>
      readGroup(`group_id=1,type=all,${buckets}`, 'add', context).mod.buckets.map(({ id }) => id);
    expect(ids('bucket=1,bucket=bucket_id=0,2,bucket=3')).toEqual([1, 0, 2]);
    expect(ids('bucket=bucket_id=0,1,bucket=2,bucket=bucket_id=1,3,bucket=4')).toEqual([0, 0, 1, 2]);
  });

  it('are told by number where they are asked for', () => {
    expect(readGroupNumber('', context)).toBe(0xfffffffc);
    expect(readGroupNumber('group_id=all', context)).toBe(0xfffffffc);
    expect(readGroupNumber('group_id=5', context)).toBe(5);
  });

  it('read any text or say what is wrong with it', () => {
    const words = [
      ...[
        'group_id=',
        'type=',
        'select',
        'all',
        'bucket=',
        'weight=',
        'watch_port=',
        'bucket_id=',
        'actions=',
      ],
      ...[
        'command_bucket_id=',
        'selection_method=',
        'hash',
        'fields(',
        ')',
        'ip_src',
        'output:',
        '1',
        ',',
        ' ',
        '-1',
      ],
      ...['add', 'insert_bucket', 'delete'],
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 16 }), (parts) => {
        expectReadOrMalformed(() => readGroupLine(parts.join(''), context));
      }),
    );
  });
});
