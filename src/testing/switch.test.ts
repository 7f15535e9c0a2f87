import { afterEach, describe, expect, it, test } from 'vitest';
import { Malformed, Refused } from '../base/errors.ts';
import { UsageError } from '../daemon/options.ts';
import { flowMod, packetOut, readActions } from '../openflow/index.ts';
import type { BridgeOptions } from './configuration.ts';
import { createTestSwitch, type TestSwitch } from './switch.ts';

const open: TestSwitch[] = [];
afterEach(async () => {
  for (const sw of open.splice(0)) await sw.close();
});

async function make(br0: BridgeOptions = { ports: ['p1', 'p2', 'p3'], fail_mode: 'secure' }) {
  const sw = await createTestSwitch({ bridges: { br0 } });
  open.push(sw);
  const bridge = sw.bridge('br0');
  return { sw, bridge, p1: bridge.port('p1'), p2: bridge.port('p2') };
}

const hosts = 'dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02';
const question = `udp,${hosts},nw_src=10.0.0.1,nw_dst=10.0.0.2,udp_dst=53`;

describe('packets', () => {
  it('go in as text, as digits or as bytes, and come out as all of them', async () => {
    const { bridge, p1, p2 } = await make();
    await bridge.addFlows('in_port=p1,actions=output:p2');
    p1.send(question);
    const [first] = p2.take();
    p1.send(first?.hex ?? '');
    p1.send(first?.bytes ?? '');
    p1.send(first?.text ?? '');
    p1.send(
      'eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=0,dst=53)',
    );
    const rest = p2.take();
    expect(rest.map(({ hex }) => hex)).toEqual(rest.map(() => first?.hex));
    expect(rest).toHaveLength(4);
    expect(first?.text).toBe(
      'udp,vlan_tci=0x0000,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=0,tp_dst=53',
    );
    expect(first).toMatchObject({ port: 'p2', time: 0 });
    expect(p2.take()).toEqual([]);
  });

  test.each([
    ['', Malformed],
    ['nonsense', Malformed],
    ['tcp_dst=80', Malformed],
    ['eth(', Malformed],
    ['0000', Malformed],
    [new Uint8Array(13), Malformed],
  ])('that are none are refused: %j', async (packet, error) => {
    const { p1 } = await make();
    expect(() => p1.send(packet)).toThrow(error);
  });

  it('are there to iterate over, or are told of one by one', async () => {
    const { sw, bridge, p1, p2 } = await make();
    await bridge.addFlows('in_port=p1,actions=output:p2');
    const ttls: (string | undefined)[] = [];
    const reading = (async () => {
      for await (const { text } of p2) ttls.push(/nw_ttl=(\d+)/.exec(text)?.[1]);
    })();
    p1.send(`${question},nw_ttl=1`);
    await sw.settle();
    p1.send(`${question},nw_ttl=2`);
    p1.send(`${question},nw_ttl=3`);
    await sw.settle();
    expect(ttls).toEqual(['1', '2', '3']);
    const told: string[] = [];
    p2.onFrame(({ port }) => told.push(port));
    p1.send(question);
    expect(told).toEqual(['p2']);
    await sw.close();
    await reading;
    expect(ttls).toHaveLength(3);
  });
});

describe('the configuration', () => {
  it('has whatever columns have, from the start or later', async () => {
    const { sw, bridge, p1 } = await make({
      ports: [
        { name: 'p1', tag: 10 },
        { name: 'p2', tag: 10, interface: { ofport_request: 7 } },
        { name: 'p3', trunks: [10, 11] },
        { name: 'bond0', interfaces: ['p4', { name: 'p5' }], bond_mode: 'active-backup' },
      ],
    });
    expect(bridge.ports().map(({ name }) => name)).toEqual(['br0', 'p1', 'p2', 'p3', 'p4', 'p5']);
    expect(bridge.port('p2').ofport).toBe(7);
    expect(bridge.port('br0').ofport).toBe(65534);
    p1.send(question);
    expect(bridge.port('p3').take()).toMatchObject([{ text: expect.stringContaining('dl_vlan=10,') }]);
    await sw.transact((tx) => {
      for (const { _uuid } of sw.db.find('Port', { name: 'p2' })) tx.update('Port', _uuid, { tag: 11 });
    });
    bridge.port('p2').take();
    p1.send(question);
    expect(bridge.port('p2').take()).toEqual([]);
    const p6 = await bridge.addPort({ name: 'p6', tag: 11 });
    bridge.port('p2').send(question.replace('01,dl_dst', '09,dl_dst'));
    expect(p6.take()).toHaveLength(1);
    await bridge.removePort('p6');
    expect(() => bridge.port('p6')).toThrow('no port p6 in bridge br0; there are br0, p1, p2, p3, p4, p5');
    expect(() => p6.send(question)).toThrow('port p6 has no device');
    await sw.removeBridge('br0');
    expect(() => sw.bridge('br0')).toThrow('no bridge br0; there is none');
  });

  it('is as before when something in it cannot be had', async () => {
    const { sw, bridge } = await make();
    await expect(bridge.addPort({ name: 'p9', interface: { type: 'nonsense' } })).rejects.toThrow(
      'interface p9: could not open network device p9 (Address family not supported by protocol)',
    );
    await expect(sw.addBridge('br1', { ports: ['p1'] })).rejects.toThrow(Error);
    await expect(sw.addBridge('br0')).rejects.toMatchObject({ tag: 'constraint violation' });
    await expect(bridge.removePort('p9')).rejects.toThrow('no port of br0 p9; there are br0, p1, p2, p3');
    expect(sw.db.rows('Bridge').size).toBe(1);
    expect(sw.db.rows('Interface').size).toBe(4);
  });
});

describe('flows, groups and meters', () => {
  it('are those of ovs-ofctl', async () => {
    const { bridge, p1, p2 } = await make({
      ports: ['p1', 'p2'],
      fail_mode: 'secure',
      meters: ['meter=1,pktps,band=type=drop,rate=2'],
      groups: ['group_id=5,type=all,bucket=output:p2'],
      flows: [
        'table=0,tcp,cookie=0x5,idle_timeout=9,actions=meter:1,resubmit(,3)',
        'table=3,actions=group:5',
      ],
    });
    p1.send(`tcp,${hosts}`);
    expect(p2.take()).toHaveLength(1);
    expect(await bridge.dumpFlows()).toMatchObject([
      {
        ...{ table: 0, match: 'tcp', priority: 32768, cookie: 5n, idleTimeout: 9, packets: 1, bytes: 118 },
        text: 'cookie=0x5, idle_timeout=9, tcp actions=meter:1,resubmit(,3)',
      },
      { table: 3, match: '', actions: 'group:5', packets: 1 },
    ]);
    for (let n = 0; n < 5; n++) p1.send(`tcp,${hosts}`);
    expect(p2.take()).toHaveLength(1);
    expect(await bridge.dumpMeters()).toEqual([
      {
        ...{ meter: 1, packets: 6, bytes: 708, bands: [{ packets: 4, bytes: 472 }] },
        text: 'meter=1 pktps bands= type=drop rate=2',
      },
    ]);
    expect(await bridge.dumpGroups()).toEqual([
      {
        // Also what the meter drops later, as in any switch.
        ...{ group: 5, type: 'all', packets: 6, bytes: 708, buckets: [{ packets: 6, bytes: 708 }] },
        text: 'group_id=5,type=all,bucket=bucket_id:0,actions=output:p2',
      },
    ]);
    await bridge.modifyMeters('meter=1,pktps,band=type=drop,rate=1000');
    await bridge.modifyGroups('group_id=5,type=all,bucket=output:p2,bucket=output:p2');
    p1.send(`tcp,${hosts}`);
    expect(p2.take()).toHaveLength(2);
    await bridge.deleteGroups('group_id=5');
    await bridge.deleteMeters('meter=1');
    expect(await bridge.dumpFlows()).toEqual([]);
    await bridge.addFlows(
      'priority=7,udp,actions=output:p2',
      'priority=8,udp,actions=drop',
      'tcp,actions=drop',
    );
    await bridge.modifyFlows('udp,actions=output:p1');
    await bridge.deleteFlows('tcp');
    expect(await bridge.dumpFlows('udp')).toMatchObject([
      { priority: 8, match: 'udp', actions: 'output:p1' },
      { priority: 7, match: 'udp', actions: 'output:p1' },
    ]);
    expect(await bridge.dumpFlows('tcp')).toEqual([]);
    await bridge.deleteFlows();
    expect(await bridge.dumpFlows()).toEqual([]);
  });

  it('are refused with the reason, before any is added where one cannot be read', async () => {
    const { bridge } = await make();
    await expect(bridge.addFlows('actions=drop', 'tcp,nonsense=1,actions=drop')).rejects.toThrow(
      'unknown keyword nonsense',
    );
    expect(await bridge.dumpFlows()).toEqual([]);
    await expect(bridge.addFlows('actions=group:9')).rejects.toMatchObject({ tag: 'OFPBAC_BAD_OUT_GROUP' });
    await expect(bridge.addFlows('in_port=nobody,actions=drop')).rejects.toThrow(Malformed);
    await expect(bridge.dumpFlows('nonsense')).rejects.toThrow('field nonsense missing value');
  });

  it('end when their time has come', async () => {
    const { sw, bridge, p1 } = await make();
    await bridge.addFlows('tcp,idle_timeout=10,actions=drop', 'udp,hard_timeout=20,actions=drop');
    await sw.advance(8_000);
    p1.send(`tcp,${hosts}`);
    await sw.advance(8_000);
    expect(await bridge.dumpFlows()).toHaveLength(2);
    await sw.advance(3_000);
    expect(await bridge.dumpFlows()).toMatchObject([{ match: 'udp' }]);
    await sw.advance(3_000);
    expect(await bridge.dumpFlows()).toEqual([]);
    expect(sw.now).toBe(22_000);
  });
});

describe('a trace', () => {
  it('is a tree of steps with its text, and changes nothing', async () => {
    const { bridge, p2 } = await make();
    await bridge.addFlows('in_port=p1,actions=resubmit(,1)', 'table=1,priority=9,udp,actions=output:p2');
    const trace = bridge.trace(`in_port=p1,${question}`);
    expect(trace.actions).toBe('p2');
    expect(trace.steps).toMatchObject([
      {
        event: { event: 'bridge', name: 'br0' },
        children: [
          {
            event: { event: 'rule', table: 0, match: 'in_port=p1', priority: 32768 },
            children: [
              {
                event: { event: 'action', text: 'resubmit(,1)' },
                children: [{ event: { event: 'rule', table: 1, match: 'udp', priority: 9 } }],
              },
            ],
          },
        ],
      },
    ]);
    expect(trace.text).toContain(' 1. udp, priority 9\n    output:p2\n');
    expect(bridge.trace('in_port=p1,udp', { names: false }).text).toContain('\n 0. in_port=1');
    expect(p2.take()).toEqual([]);
    expect(() => bridge.trace('in_port=p1,nonsense')).toThrow('Bad openflow flow syntax');
  });

  it('knows a packet that it is given', async () => {
    const { bridge } = await make();
    await bridge.addFlows('udp,tp_dst=53,actions=output:p2');
    expect(bridge.trace('in_port=p1', { packet: question }).actions).toBe('p2');
    expect(bridge.trace('in_port=p1').actions).toBe('drop');
  });
});

describe('who speaks to the switch', () => {
  it('does so by appctl, in text or as a value', async () => {
    const { sw, p1 } = await make({ ports: ['p1', 'p2'] });
    p1.send(question);
    expect(await sw.appctl('fdb/show', 'br0')).toMatch(/ 1 +0 {2}02:00:00:00:00:01 +0\n/);
    expect(await sw.appctlJson('fdb/show', 'br0')).toMatchObject([{ mac: '02:00:00:00:00:01' }]);
    expect(await sw.appctl('list-commands')).toContain('  ofproto/trace ');
    expect(await sw.appctlJson('memory/show')).toMatchObject({ ports: 3 });
    expect(await sw.appctl('coverage/show')).toContain('events never hit\n');
    await expect(sw.appctl('fdb/show', 'br9')).rejects.toThrow(new Refused('unixctl', 'no such bridge'));
    await expect(sw.appctl('nonsense')).rejects.toThrow('is not a valid command');
  });

  it('does so by OpenFlow', async () => {
    const { bridge, p1, p2 } = await make();
    await using connection = await bridge.openflow({ versions: [4] });
    expect(connection.version).toBe(4);
    const config = { fragments: 'normal', missSendLength: 0xffff, invalidTtlToController: false } as const;
    await connection.perform({ name: 'SET_CONFIG', value: config }); // tools are told of packets if they ask for them
    await connection.perform(flowMod({ actions: readActions('controller') }));
    p1.send(question);
    const { value } = await connection.messages().next();
    if (value?.name !== 'PACKET_IN') throw new Error('no packet came');
    connection.send(packetOut({ actions: readActions('output:2'), packet: value.value.packet }));
    await connection.barrier();
    expect(p2.take()).toHaveLength(1);
  });

  it('is a controller inside the test, which the switch finds again when it was away', async () => {
    const { sw, bridge, p1, p2 } = await make();
    const controllers = await sw.listen('ptcp:6653');
    await bridge.setControllers('tcp:192.0.2.1:6653');
    const { value: first } = await controllers.connections().next();
    if (first === undefined) throw new Error('nobody connected');
    await first.perform(flowMod({ actions: readActions('output:2') }));
    p1.send(question);
    expect(p2.take()).toHaveLength(1);
    first.close();
    await sw.advance(20_000);
    const { value: second } = await controllers.connections().next();
    await sw.advance(60_000); // is asked for signs of life, and answers
    const [row] = sw.db.rows('Controller').values();
    expect(row?.is_connected).toBe(true);
    second?.close();
    controllers.close();
    await sw.advance(10_000);
    expect([...sw.db.rows('Controller').values()][0]?.is_connected).toBe(false);
  });
});

describe('a switch', () => {
  it('knows its cables', async () => {
    const { bridge, p1, p2 } = await make({
      ports: ['p1', 'p2', 'p3'],
      groups: ['group_id=1,type=ff,bucket=watch_port:p2,output:p2,bucket=watch_port:p3,output:p3'],
      flows: ['in_port=p1,actions=group:1'],
    });
    p1.send(question);
    await p2.setCarrier(false);
    p1.send(question);
    await p2.setCarrier(true);
    p1.send(question);
    expect([p2.take().length, bridge.port('p3').take().length]).toEqual([2, 1]);
  });

  it('knows nothing of others in the process, and is the same each time', async () => {
    const [one, other] = [await make(), await make()];
    await one.bridge.addFlows('actions=output:p2');
    one.p1.send(question);
    other.p1.send(question);
    expect([one.p2.take().length, other.p2.take().length]).toEqual([1, 0]);
    const rows = ({ db }: TestSwitch) => [...db.rows('Interface').values()];
    expect(rows(one.sw).map(({ _uuid, mac_in_use }) => [_uuid, mac_in_use])).toEqual(
      rows(other.sw).map(({ _uuid, mac_in_use }) => [_uuid, mac_in_use]),
    );
  });

  it('is closed once, and by `await using`', async () => {
    const { sw } = await make();
    {
      await using inner = sw;
      await inner.settle();
    }
    await sw.close();
    await expect(sw.addBridge('br9')).rejects.toThrow(Error);
  });
});

describe('commands of ovs-ofctl', () => {
  it('print what the program prints, with its options', async () => {
    const { sw, p1 } = await make();
    await sw.ofctl('add-flow', 'br0', 'table=0,priority=7,in_port=p1,actions=output:p2');
    p1.send(question);
    expect(await sw.ofctl('--no-stats', 'dump-flows', 'br0')).toBe(
      ' priority=7,in_port=1 actions=output:2\n',
    );
    expect(await sw.ofctl('--names', 'dump-flows', 'br0')).toMatch(
      /n_packets=1, .*in_port=p1 actions=output:p2/,
    );
    await sw.ofctl('-O', 'OpenFlow13', 'add-meter', 'br0', 'meter=1,kbps,band=type=drop,rate=8');
    expect(await sw.ofctl('-OOpenFlow13', 'dump-meters', 'br0')).toContain('type=drop rate=8');
    expect(await sw.ofctl('--bundle', 'mod-flows', 'br0', 'actions=drop')).toBe('');
    expect(await sw.ofctl('--no-stats', 'dump-flows', 'br0')).toContain('actions=drop');
    expect(JSON.parse(await sw.ofctl('-f', 'json', 'get-frags', 'br0'))).toBeTypeOf('object');
  });

  it('are refused with what the program says', async () => {
    const { sw } = await make();
    await expect(sw.ofctl('nonsense')).rejects.toThrow(UsageError);
    await expect(sw.ofctl('show')).rejects.toThrow("'show' command requires at least 1 arguments");
    await expect(sw.ofctl('show', 'br9')).rejects.toThrow('br9 is not a bridge or a socket');
    await expect(sw.ofctl('add-flow', 'br0', 'nonsense')).rejects.toThrow('must specify an action');
    await expect(sw.ofctl('add-group', 'br0', 'group_id=1,type=all')).resolves.toBe('');
    await expect(sw.ofctl('add-group', 'br0', 'group_id=1,type=all')).rejects.toThrow(/OFPGMFC_GROUP_EXISTS/);
    for (const command of ['monitor', 'snoop', 'parse-flow'])
      await expect(sw.ofctl(command, 'br0')).rejects.toThrow(Refused);
  });
});
