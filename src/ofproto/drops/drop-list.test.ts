import { expect, test } from 'vitest';
import { isActionDrop } from '../../datapath/drops.ts';
import { dropReasonNames } from '../translate/drop-reasons.ts';
import { dropList, explanationOf } from './drop-list.ts';

test('each reason is told once for who drops, in words that need no other', () => {
  const named = dropList.map(({ place, reason }) => `${place} ${reason}`);
  expect(new Set(named).size).toBe(named.length);
  expect(dropList.filter(({ place }) => place === 'bridge').map(({ reason }) => reason)).toEqual(
    dropReasonNames,
  );
  for (const { text } of dropList) expect(text).toMatch(/\w+ \w+/);
});

test('what a flow drops is told as what the bridge made the flow for, not as what the datapath ran', () => {
  expect(isActionDrop('explicit')).toBe(true);
  expect(() => explanationOf('datapath', 'congestion')).toThrow('congestion is no reason of a datapath');
  expect(explanationOf('datapath', 'meter')).toMatchObject({ coverage: 'datapath_drop_meter' });
  expect(explanationOf('bridge', 'tooDeep')).toMatchObject({ coverage: 'drop_action_recursion_too_deep' });
});
