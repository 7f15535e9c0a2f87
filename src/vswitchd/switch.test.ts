import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SwitchFixture } from '../../test/sim/switch-fixture.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

const broadcast = (from: string) => `ffffffffffff${from}0806${'00'.repeat(46)}`;

describe('a switch on its database', () => {
  test('makes a bridge, numbers its ports and says when it is done', async () => {
    await fixture.addBridge('br0', ['p1', 'p2']);
    expect(fixture.interface('br0').ofport).toBe(65534);
    // In the order of a hash of their names, as the reference does.
    expect([fixture.interface('p1').ofport, fixture.interface('p2').ofport]).toEqual([2, 1]);
    expect(fixture.root()).toMatchObject({ next_cfg: 1, cur_cfg: 1, dpdk_version: 'none' });
    expect(fixture.bridge('br0').datapath_id).toMatch(/^0000[0-9a-f]{12}$/);
    expect(fixture.interface('p1')).toMatchObject({ link_state: 'up', mtu: 1500, error: undefined });
  });

  test('says what is wrong with one row and serves the others', async () => {
    fixture.missing.add('p1');
    await fixture.addBridge('br0', ['p1', 'p2']);
    expect(fixture.interface('p1')).toMatchObject({
      ofport: -1,
      error: 'could not open network device p1 (No such device)',
      mac_in_use: undefined,
    });
    expect(fixture.interface('p2').ofport).toBe(1);
    expect(fixture.root().cur_cfg).toBe(1);
  });

  test('makes bonds, tells what they do, and gives one a device of its name where that is wanted', async () => {
    await fixture.addBridge('br0', ['p1']);
    const { _uuid } = fixture.port('p1');
    await fixture.change((tx) => {
      tx.mutate('Port', _uuid, { interfaces: { insert: [tx.insert('Interface', { name: 'p2' })] } });
      tx.update('Port', _uuid, { bond_mode: 'balance-slb', lacp: 'active' });
    });
    const { ofproto } = fixture.aSwitch.state.bridges.get('br0') ?? expect.unreachable();
    const bundle = ofproto.bundles.get('p1');
    expect(bundle?.bond?.settings.mode).toBe('balance-slb');
    expect(fixture.interface('p2').lacp_current).toBe(true);
    await fixture.change((tx) => tx.update('Port', _uuid, { lacp: 'off' }));
    await fixture.advance(100);
    expect(fixture.interface('p2').lacp_current).toBeUndefined();
    expect(fixture.port('p1').bond_active_slave).toBe(bundle?.bond?.active?.mac);

    await fixture.addPort('br0', 'p3');
    const made = (): string[] => [...ofproto.ports.values()].map(({ name }) => name).sort();
    const { _uuid: p3 } = fixture.port('p3');
    await fixture.change((tx) => {
      const members = ['m1', 'm2'].map((name) => tx.insert('Interface', { name }));
      tx.update('Port', p3, { interfaces: members, bond_fake_iface: true });
    });
    expect(made()).toEqual(['br0', 'm1', 'm2', 'p1', 'p2', 'p3']);
    expect(ofproto.bundles.get('p3')?.members.map(({ name }) => name)).toEqual(['m1', 'm2']);
    await fixture.change((tx) => tx.update('Port', p3, { bond_fake_iface: false }));
    expect(made()).toEqual(['br0', 'm1', 'm2', 'p1', 'p2']);
  });

  test('takes a missing device up when it appears', async () => {
    fixture.missing.add('p1');
    await fixture.addBridge('br0', ['p1']);
    await fixture.appear('p1');
    expect(fixture.interface('p1')).toMatchObject({ ofport: 1, error: undefined });
  });

  test('tries ports again, without a change, when the process may open files for them', async () => {
    await fixture.addBridge('br0');
    fixture.spareDescriptors = 0;
    await fixture.addPort('br0', 'p1');
    await fixture.addPort('br0', 'p2');
    const error = 'could not open network device p1 (Too many open files)';
    expect(fixture.interface('p1')).toMatchObject({ ofport: -1, error });
    await fixture.advance(5000);
    expect(fixture.interface('p1')).toMatchObject({ ofport: -1, error });
    fixture.spareDescriptors = 10;
    await fixture.advance(1000);
    const ports = ['p1', 'p2'].map((name) => fixture.interface(name));
    expect(ports.map(({ ofport }) => ofport).sort()).toEqual([1, 2]);
    expect(ports.map((row) => row.error)).toEqual([undefined, undefined]);
  });

  test('ends the change that is under way before it lets everything go', async () => {
    await fixture.addBridge('br0');
    const open = fixture.closeGate('p1');
    await fixture.addPort('br0', 'p1');
    const stopped = fixture.aSwitch.stop({ cleanup: true });
    open();
    await stopped;
    expect(fixture.aSwitch.state.bridges.size).toBe(0);
    expect(() => fixture.device('p1')).toThrow('no dummy device');
  });

  test('forwards between the ports that are open while others are still being opened', async () => {
    const open = fixture.closeGate('p1');
    await fixture.addBridge('br0', ['p1', 'p2', 'p3']);
    const seen: string[] = [];
    fixture.device('p3').onTransmit = () => seen.push('p3');
    fixture.device('p2').receive(Buffer.from(broadcast('020000000001'), 'hex'));
    await fixture.settle();
    expect(seen).toEqual(['p3']);
    expect(fixture.root()).toMatchObject({ next_cfg: 1, cur_cfg: 0 });
    expect(fixture.interface('p2').ofport).toBe(undefined);
    open();
    await fixture.settle();
    expect(fixture.root().cur_cfg).toBe(1);
    expect(['p1', 'p2', 'p3'].map((name) => fixture.interface(name).ofport)).toEqual([3, 1, 2]);
  });

  test('serves other events while it opens many devices', async () => {
    const counts = new Set<number>();
    let isDone = false;
    const look = () => {
      counts.add(fixture.dummies.all().length);
      if (!isDone) setImmediate(look);
    };
    look();
    await fixture.addBridge(
      'br0',
      Array.from({ length: 100 }, (_, n) => `p${n}`),
    );
    isDone = true;
    expect([...counts].filter((count) => count > 1 && count < 101)).not.toEqual([]);
  });

  test('has what an earlier process left removed before it opens its own, and again when it cleans up', async () => {
    const later = new SwitchFixture();
    await later.settle();
    await later.tool.transact((tx) => tx.insert('Open_vSwitch', {}));
    await later.settle();
    await later.addBridge('br0', ['p1']);
    later.aSwitch.start();
    await later.settle();
    expect(later.removals).toEqual([{ wanted: ['br0', 'p1'], opened: [] }]);
    await later.addPort('br0', 'p2');
    await later.stop();
    expect(later.removals.slice(1)).toEqual([{ wanted: [], opened: [] }]);
  });

  test('an unknown type is an error of that interface', async () => {
    await fixture.addBridge('br0');
    await fixture.addPort('br0', 'x', { type: 'foo' });
    expect(fixture.interface('x').error).toBe(
      'could not open network device x (Address family not supported by protocol)',
    );
  });

  test('honours a requested number, now and when it changes', async () => {
    await fixture.addBridge('br0');
    await fixture.addPort('br0', 'p1', { ofport_request: 20 });
    expect(fixture.interface('p1').ofport).toBe(20);
    const { _uuid } = fixture.interface('p1');
    await fixture.change((tx) => tx.update('Interface', _uuid, { ofport_request: 30 }));
    expect(fixture.interface('p1').ofport).toBe(30);
  });

  test('a number goes to the new port that asks for it, from one that has it without asking', async () => {
    await fixture.addBridge('br0', ['p1']);
    await fixture.addPort('br0', 'p2', { ofport_request: 1 });
    expect(fixture.interface('p2').ofport).toBe(1);
    expect(fixture.interface('p1').ofport).toBe(3); // 2 was in use a moment ago
    expect(fixture.root().cur_cfg).toBe(2);
  });

  test('a number that two ask for goes to the second when the first goes', async () => {
    await fixture.addBridge('br0');
    await fixture.addPort('br0', 'p1', { ofport_request: 7 });
    await fixture.addPort('br0', 'p2', { ofport_request: 7 });
    expect([fixture.interface('p1').ofport, fixture.interface('p2').ofport]).toEqual([7, 1]);
    await fixture.removePort('br0', 'p1');
    expect(fixture.interface('p2').ofport).toBe(7);
  });

  test('a bridge of another datapath type has the numbers of before', async () => {
    await fixture.addBridge('br0', ['p1', 'p2', 'p3']);
    await fixture.removePort('br0', 'p2');
    await fixture.addPort('br0', 'p2');
    const numbers = () => ['p1', 'p2', 'p3'].map((name) => fixture.interface(name).ofport);
    const before = numbers();
    expect(before[1]).toBe(4);
    const { _uuid } = fixture.bridge('br0');
    await fixture.change((tx) => tx.update('Bridge', _uuid, { datapath_type: 'foo' }));
    await fixture.change((tx) => tx.update('Bridge', _uuid, { datapath_type: 'dummy' }));
    expect(numbers()).toEqual(before);
  });

  test('answers a root row that was made anew, whatever number it counts from', async () => {
    await fixture.addBridge('br0', ['p1']);
    const { _uuid } = fixture.root();
    await fixture.tool.transact((tx) => tx.delete('Open_vSwitch', _uuid));
    await fixture.settle();
    expect(fixture.aSwitch.state.bridges.size).toBe(0);
    await fixture.tool.transact((tx) => tx.insert('Open_vSwitch', { next_cfg: 1 }));
    await fixture.settle();
    expect(fixture.root()).toMatchObject({
      next_cfg: 1,
      cur_cfg: 1,
      datapath_types: ['dummy', 'netdev', 'system'],
    });
  });

  test('puts right what others write where its own status is', async () => {
    await fixture.addBridge('br0', ['p1']);
    fixture.missing.add('p2');
    await fixture.addPort('br0', 'p2');
    const junk = new Map([['x', '1']]);
    const [port, p1, p2, br0, root] = [
      fixture.port('p1'),
      fixture.interface('p1'),
      fixture.interface('p2'),
      fixture.bridge('br0'),
      fixture.root(),
    ];
    await fixture.tool.transact((tx) => {
      tx.update('Interface', p1._uuid, { ofport: 9, error: 'none', link_state: undefined, mtu: 1 });
      tx.update('Interface', p2._uuid, { ofport: 9, error: undefined, mac_in_use: '00:00:00:00:00:01' });
      tx.update('Interface', p1._uuid, { bfd_status: junk, cfm_fault: true, lacp_current: false });
      tx.update('Port', port._uuid, { status: junk, rstp_status: junk, statistics: new Map([['x', 1]]) });
      tx.update('Bridge', br0._uuid, { datapath_id: undefined, datapath_version: 'old', status: junk });
      tx.update('Open_vSwitch', root._uuid, { cur_cfg: 0, datapath_types: [], iface_types: ['foo'] });
    });
    await fixture.settle();
    expect(fixture.port('p1')).toEqual(port);
    expect(fixture.interface('p1')).toEqual(p1);
    expect(fixture.interface('p2')).toEqual(p2);
    expect(fixture.bridge('br0')).toEqual(br0);
    expect(fixture.root()).toEqual(root);
  });

  test('tries again with any change what was refused for want of something', async () => {
    fixture.busy.add('p1');
    fixture.refused.add('p2');
    await fixture.addBridge('br0', ['p1', 'p2']);
    expect(fixture.interface('p1').error).toBe('could not open network device p1 (Device or resource busy)');
    expect(fixture.interface('p2').error).toBe(
      'could not add network device p2 to ofproto (No space left on device)',
    );
    fixture.busy.clear();
    fixture.refused.clear();
    await fixture.addBridge('br1');
    for (const name of ['p1', 'p2'])
      expect(fixture.interface(name)).toMatchObject({ error: undefined, link_state: 'up' });
  });

  test('makes its own device when what had the name goes', async () => {
    fixture.busy.add('in1');
    await fixture.addBridge('br0');
    await fixture.addPort('br0', 'in1', { type: 'internal' });
    expect(fixture.interface('in1').ofport).toBe(-1);
    fixture.busy.delete('in1');
    await fixture.free('in1');
    expect(fixture.interface('in1')).toMatchObject({ ofport: 1, error: undefined });
  });

  test('an interface of two ports is with the first, and goes to the other when that one goes', async () => {
    await fixture.addBridge('br0', ['p1', 'p2']);
    const [shared, other] = [fixture.interface('p1')._uuid, fixture.port('p2')._uuid];
    const members = (port: string) =>
      fixture.aSwitch.state.bridges
        .get('br0')
        ?.ofproto.bundles.get(port)
        ?.members.map(({ name }) => name);
    await fixture.change((tx) => tx.mutate('Port', other, { interfaces: { insert: [shared] } }));
    expect([members('p1'), members('p2')]).toEqual([['p1'], ['p2']]);
    await fixture.removePort('br0', 'p1');
    expect([members('p1'), members('p2')]).toEqual([undefined, ['p1', 'p2']]);
    await fixture.removePort('br0', 'p2');
    expect(fixture.aSwitch.state.holderOf('p1')).toBeUndefined();
    expect(() => fixture.device('p1')).toThrow('no dummy device');
  });

  test('a port that leaves frees its device for another bridge', async () => {
    await fixture.addBridge('br0', ['p1']);
    await fixture.addBridge('br1');
    await fixture.removePort('br0', 'p1');
    await fixture.addPort('br1', 'p1');
    expect(fixture.interface('p1')).toMatchObject({ ofport: 1, error: undefined });
  });

  test('a port that two bridges want stays with the first, and goes to the second when the first lets go', async () => {
    await fixture.addBridge('br0', ['p1']);
    await fixture.addBridge('br1', ['p2']);
    const port = fixture.port('p1')._uuid;
    const [br0, br1] = [fixture.bridge('br0')._uuid, fixture.bridge('br1')._uuid];
    await fixture.change((tx) => tx.mutate('Bridge', br1, { ports: { insert: [port] } }));
    expect(fixture.interface('p1')).toMatchObject({ ofport: 1, error: undefined });
    await fixture.change((tx) => tx.mutate('Bridge', br0, { ports: { delete: [port] } }));
    expect(await fixture.appctl('dpif/show')).toContain('    p1 2/');
    expect(fixture.aSwitch.state.holderOf('p1')?.bridge).toBe('br1');
  });

  test('a new row of an old name takes the device over', async () => {
    await fixture.addBridge('br0', ['p1']);
    const before = fixture.port('p1')._uuid;
    const bridge = fixture.bridge('br0')._uuid;
    await fixture.change((tx) => {
      const interfaces = [tx.insert('Interface', { name: 'p1' })];
      const port = tx.insert('Port', { name: 'p1', interfaces });
      tx.mutate('Bridge', bridge, { ports: { delete: [before] } });
      tx.mutate('Bridge', bridge, { ports: { insert: [port] } });
    });
    expect(fixture.port('p1')._uuid).not.toBe(before);
    expect(fixture.interface('p1').ofport).toBe(1);
  });

  test('deletes a bridge with everything in it', async () => {
    await fixture.addBridge('br0', ['p1']);
    const { _uuid } = fixture.bridge('br0');
    const root = fixture.root()._uuid;
    await fixture.change((tx) => tx.mutate('Open_vSwitch', root, { bridges: { delete: [_uuid] } }));
    expect(fixture.aSwitch.state.bridges.size).toBe(0);
    expect(() => fixture.device('p1')).toThrow('no dummy device');
    expect(await fixture.appctl('dpif/show')).toBe('');
  });

  test('floods, learns, and shows what it learned with its age', async () => {
    await fixture.addBridge('br0', ['p1', 'p2', 'p3']);
    const seen: string[] = [];
    for (const name of ['p2', 'p3']) fixture.device(name).onTransmit = () => seen.push(name);
    fixture.device('p1').receive(Buffer.from(broadcast('020000000001'), 'hex'));
    await fixture.settle();
    expect(seen.sort()).toEqual(['p2', 'p3']);
    await fixture.advance(7_000);
    expect(await fixture.appctl('fdb/show', 'br0')).toBe(
      ' port  VLAN  MAC                Age\n    3     0  02:00:00:00:00:01    7\n',
    );
    await fixture.advance(300_000);
    expect(await fixture.appctl('fdb/show', 'br0')).toBe(' port  VLAN  MAC                Age\n');
  });

  test('leaves its datapath forwarding when it ends, and destroys it when it cleans up', async () => {
    await fixture.addBridge('br0', ['p1', 'p2']);
    const arp = Buffer.from(broadcast('020000000001'), 'hex');
    fixture.device('p1').receive(arp);
    await fixture.settle();
    let seen = 0;
    fixture.device('p2').onTransmit = () => seen++;
    await fixture.aSwitch.stop({ cleanup: false });
    fixture.device('p1').receive(arp);
    expect(seen).toBe(1);
    const left = fixture.kernel.get('ovs-dummy');
    expect([...(left?.ports().values() ?? [])].map(({ name }) => name).sort()).toEqual(['br0', 'p1', 'p2']);
    fixture.kernel.clear();
    await fixture.restart();
    await fixture.aSwitch.stop({ cleanup: true });
    expect(fixture.kernel.size).toBe(0);
  });

  test('access ports of different VLANs do not hear each other', async () => {
    await fixture.addBridge('br0', ['p1', 'p2', 'p3']);
    const [p1, p2] = [fixture.port('p1')._uuid, fixture.port('p2')._uuid];
    await fixture.change((tx) => {
      tx.update('Port', p1, { tag: 5 });
      tx.update('Port', p2, { tag: 6 });
    });
    const seen: string[] = [];
    for (const name of ['p2', 'p3']) fixture.device(name).onTransmit = () => seen.push(name);
    fixture.device('p1').receive(Buffer.from(broadcast('020000000001'), 'hex'));
    await fixture.settle();
    expect(seen).toEqual(['p3']); // a trunk carries it
  });

  test('writes statistics every five seconds', async () => {
    await fixture.addBridge('br0', ['p1']);
    expect(fixture.interface('p1').statistics.get('rx_packets') ?? 0).toBe(0);
    fixture.device('p1').receive(Buffer.from(broadcast('020000000001'), 'hex'));
    await fixture.advance(5_000);
    expect(fixture.interface('p1').statistics.get('rx_packets')).toBe(1);
  });

  test('a device that is set down is reported down', async () => {
    await fixture.addBridge('br0', ['p1']);
    const before = fixture.interface('p1').admin_state;
    fixture.device('p1').set({ isUp: before === 'down' });
    await fixture.settle();
    expect(fixture.interface('p1').admin_state).toBe(before === 'down' ? 'up' : 'down');
  });

  test('the bridge has the address that other_config names', async () => {
    await fixture.addBridge('br0', [], { other_config: new Map([['hwaddr', '00:11:22:33:44:55']]) });
    expect(fixture.interface('br0').mac_in_use).toBe('00:11:22:33:44:55');
    expect(fixture.bridge('br0').datapath_id).toBe('0000001122334455');
  });

  test('a bridge of an unknown datapath type stops nobody', async () => {
    await fixture.addBridge('bad', [], { datapath_type: 'foo' });
    await fixture.addBridge('br0', ['p1']);
    expect(fixture.root().cur_cfg).toBe(2);
    expect(fixture.interface('p1').ofport).toBe(1);
  });

  test('patch ports say so while their peer is missing', async () => {
    await fixture.addBridge('br0');
    await fixture.addBridge('br1');
    const patch = (peer: string) => ({ type: 'patch', options: new Map([['peer', peer]]) });
    await fixture.addPort('br0', 'p0', patch('p1'));
    expect(fixture.interface('p0').error).toBe("No usable peer 'p1' exists in 'dummy' datapath.");
    await fixture.addPort('br1', 'p1', patch('p0'));
    expect([fixture.interface('p0').error, fixture.interface('p1').error]).toEqual([undefined, undefined]);
    await fixture.removePort('br1', 'p1');
    expect(fixture.interface('p0').error).toBe("No usable peer 'p1' exists in 'dummy' datapath.");
  });

  test.each([[['p1', 'p2']], [['p1']]])(
    "the bridge's own device follows the smallest MTU of its ports %j, and has the usual one without them",
    async (ports) => {
      await fixture.addBridge('br0', ports);
      fixture.device('p1').set({ mtu: 1300 });
      await fixture.settle();
      expect(fixture.interface('br0').mtu).toBe(1300);
      await fixture.removePort('br0', 'p1');
      expect(fixture.interface('br0').mtu).toBe(1500);
    },
  );

  test('a device of ours follows the others again when nobody asks for its MTU any more', async () => {
    await fixture.addBridge('br0', ['p1']);
    const [br0, p1] = [fixture.interface('br0')._uuid, fixture.interface('p1')._uuid];
    await fixture.change((tx) => tx.update('Interface', br0, { mtu_request: 1700 }));
    await fixture.change((tx) => tx.update('Interface', p1, { mtu_request: 1400 }));
    expect(fixture.interface('br0').mtu).toBe(1700);
    await fixture.change((tx) => tx.update('Interface', br0, { mtu_request: undefined }));
    expect(fixture.interface('br0').mtu).toBe(1400);
  });

  test('says in config/plan what is still to do, which is nothing', async () => {
    await fixture.addBridge('br0', ['p1']);
    expect(await fixture.appctl('config/plan')).toBe('');
    await expect(fixture.appctl('fdb/show', 'nobr')).rejects.toThrow('no such bridge');
  });
});

test('two switches of one process know nothing of each other', async () => {
  const one = new SwitchFixture();
  const other = new SwitchFixture();
  const both = [one, other];
  for (const each of both) await each.start();
  for (const each of both) await each.addBridge('br0', ['p1', 'p2']);
  const [rows, otherRows] = both.map((each) => ['br0', 'p1', 'p2'].map((name) => each.interface(name)));
  expect(rows).toEqual(otherRows); // the same uuids, numbers and addresses
  expect(one.device('p1')).not.toBe(other.device('p1'));
  const sent = both.map((each) => {
    const frames: Uint8Array[] = [];
    each.device('p2').onTransmit = (frame) => frames.push(frame);
    return frames;
  });
  one.device('p1').receive(Buffer.from(broadcast('020000000001'), 'hex'));
  await one.settle();
  await other.settle();
  expect(sent.map((frames) => frames.length)).toEqual([1, 0]);
  await one.vanish('p1');
  expect([one.interface('p1').ofport, other.interface('p1').ofport]).toEqual([-1, rows?.[1]?.ofport]);
  await one.stop();
  expect(other.device('p1').isGone).toBe(false);
  await other.stop();
});
