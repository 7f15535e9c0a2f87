import { describe, expect, test } from 'vitest';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import { formatRuleActions } from './rule-text.ts';

describe('a rule', () => {
  test('has the actions of OpenFlow, and shows them so', () => {
    const sw = new VirtualSwitch();
    const { actions } = sw.addFlow(sw.addBridge('br0'), 'tcp,actions=output:2,NORMAL,LOCAL');
    expect(formatRuleActions(actions)).toBe('output:2,NORMAL,LOCAL');
  });
});
