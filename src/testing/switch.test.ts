import { afterEach, describe, expect, it } from 'vitest';
import { createTestSwitch, type TestSwitch, type TestSwitchOptions } from './switch.ts';

const open: TestSwitch[] = [];
afterEach(async () => {
  for (const sw of open.splice(0)) await sw.close();
});

async function make(options?: TestSwitchOptions): Promise<TestSwitch> {
  const sw = await createTestSwitch(options);
  open.push(sw);
  return sw;
}

const hello =
  'udp,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=53';

describe('a switch', () => {
  it('forwards by flows: packets in and out as values', async () => {
    const sw = await make({ bridges: { br0: { ports: ['p1', 'p2', 'p3'], fail_mode: 'secure' } } });
    const br0 = sw.bridge('br0');
    await br0.addFlows('in_port=p1,udp,actions=output:p2', 'priority=1,actions=drop');
    br0.port('p1').send(hello);
    const [frame, ...more] = br0.port('p2').take();
    expect(more).toEqual([]);
    expect(frame?.text).toContain('udp,vlan_tci=0x0000,dl_src=02:00:00:00:00:01');
    expect(br0.port('p3').take()).toEqual([]);
    expect(await br0.dumpFlows()).toMatchObject([
      { match: 'udp,in_port=p1', actions: 'output:p2', packets: 1, bytes: 106 },
      { priority: 1, match: '', actions: 'drop', packets: 0 },
    ]);
  });
});
