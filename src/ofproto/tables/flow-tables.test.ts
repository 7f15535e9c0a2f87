import { describe, expect, test } from 'vitest';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import { formatRuleActions } from './rule-text.ts';

describe('a rule', () => {
  test('has the actions of OpenFlow, and shows them so', () => {
    const sw = new VirtualSwitch();
    const { actions } = sw.addFlow(sw.addBridge('br0'), 'tcp,actions=output:2,NORMAL,LOCAL');
    expect(formatRuleActions(actions)).toBe('output:2,NORMAL,LOCAL');
  });

  test.each([
    ['controller(pause)', 'controller(pause)'], // the packet would wait for ever
  ])('is refused with the name of the action %s, that nothing can carry out yet', (name, actions) => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0');
    const before = [...bridge.tables].length;
    expect(() => sw.addFlow(bridge, `actions=${actions}`)).toThrow(
      `the action ${name} is not supported by this switch yet`,
    );
    expect([...bridge.tables].length).toBe(before);
  });
});
