import { expect, test } from 'vitest';
import { getSlot } from '../../src/flow/key.ts';
import { listFlows } from '../../src/ofproto/views/flows.ts';
import { tcpPacket, udpPacket } from '../conformance/packets.ts';
import { VirtualSwitch } from './virtual-switch.ts';

test('flows of packets that come back are listed before those that sent them back', async () => {
  const host = new VirtualSwitch();
  const bridge = host.addBridge('br0', { failMode: 'secure' });
  await host.addPort(bridge, 'p1');
  host.addFlow(bridge, 'tcp,actions=drop');
  host.addFlow(bridge, 'udp,actions=ct(table=1)');
  host.addFlow(bridge, 'table=1,udp,actions=ct(commit,table=2)');
  host.addFlow(bridge, 'table=2,actions=drop');
  for (const packet of [tcpPacket(4), udpPacket()]) {
    host.inject('p1', packet);
    host.advance(10);
  }
  const rows = listFlows(host.backer, host.clock.now());
  expect(rows.map(({ key }) => [getSlot(key, 'nw_proto'), getSlot(key, 'recirc_id')])).toEqual([
    [6, 0],
    [17, 2],
    [17, 1],
    [17, 0],
  ]);
});
