import { afterEach, describe, expect, it } from 'vitest';
import { createTestNetwork, type TestNetwork } from './network.ts';
import type { TestSwitch } from './switch.ts';

const open: TestNetwork[] = [];
afterEach(async () => {
  for (const net of open.splice(0)) await net.close();
});

function make(seed?: number): TestNetwork {
  const net = createTestNetwork(seed === undefined ? {} : { seed });
  open.push(net);
  return net;
}

/** Hosts at both ends of a chain of switches that learn. */
async function chain(net: TestNetwork, length: number, delay: number) {
  const switches: TestSwitch[] = [];
  for (let n = 1; n <= length; n++)
    switches.push(await net.addSwitch(`s${n}`, { bridges: { br0: { ports: ['left', 'right'] } } }));
  const h1 = net.addHost('h1', { ip: '10.0.0.1' });
  const h2 = net.addHost('h2', { ip: '10.0.0.2' });
  const links = switches.map((sw, n) => {
    const next = switches[n + 1]?.bridge('br0').port('left') ?? h2;
    return net.link(sw.bridge('br0').port('right'), next, { delay });
  });
  const [first] = switches;
  if (first === undefined) throw new Error('a chain of no switches');
  links.unshift(net.link(h1, first.bridge('br0').port('left'), { delay }));
  return { h1, h2, links, first };
}

describe('a network', () => {
  it('takes as long as its links, to the millisecond', async () => {
    const net = make();
    const { h1, h2, links } = await chain(net, 3, 5);
    expect(await h1.ping('10.0.0.2')).toEqual({ sent: 1, received: 1, times: [2 * 4 * 5] });
    expect(net.now).toBe(2 * 2 * 4 * 5); // ARP before
    expect(await h2.ping('10.0.0.1', { count: 3, interval: 100 })).toMatchObject({ times: [40, 40, 40] });
    links[1]?.set({ delay: 50 });
    expect(await h1.ping('10.0.0.2')).toMatchObject({ times: [2 * (3 * 5 + 50)] });
    expect(links[0]?.counts.lost).toBe(0);
  });

  it('loses what its seed says, the same each time', async () => {
    const receivedBy = async (seed: number): Promise<number[]> => {
      const net = make(seed);
      const { h1, links } = await chain(net, 1, 1);
      await h1.ping('10.0.0.2');
      links[0]?.set({ loss: 0.3 });
      const { times, received } = await h1.ping('10.0.0.2', { count: 40, interval: 10, timeout: 500 });
      expect(received).toBeLessThan(40);
      expect(received).toBeGreaterThan(0);
      return [...times, links[0]?.counts.lost ?? 0];
    };
    expect(await receivedBy(3)).toEqual(await receivedBy(3));
    const lost = await Promise.all([1, 2, 3, 4, 5].map(async (seed) => (await receivedBy(seed)).at(-1)));
    expect(new Set(lost).size).toBeGreaterThan(1);
  });

  it('knows a link that was cut by its carrier, and loses what was on the way', async () => {
    const net = make();
    const { h1, h2, links, first } = await chain(net, 1, 5);
    await h1.ping('10.0.0.2');
    h2.take();
    h1.send('udp,nw_src=10.0.0.1,nw_dst=10.0.0.2,udp_dst=9,dl_dst=02:00:00:00:00:02');
    await net.advance(7);
    await links[1]?.cut();
    await net.advance(100);
    expect(h2.take()).toEqual([]);
    expect(links[1]?.counts.lost).toBe(1);
    expect(first.bridge('br0').port('right').hasCarrier).toBe(false);
    expect(first.db.find('Interface', { name: 'right' })[0]?.link_state).toBe('down');
    expect(await h1.ping('10.0.0.2')).toMatchObject({ received: 0 });
    await links[1]?.mend();
    expect(await h1.ping('10.0.0.2')).toMatchObject({ received: 1 });
  });

  it('sends no more than its bandwidth, and what waits too long is lost', async () => {
    const net = make();
    const h1 = net.addHost('h1');
    const h2 = net.addHost('h2');
    const link = net.link(h1, h2, { bandwidth: 8000, queue: 3 }); // a byte in a millisecond
    for (let n = 0; n < 5; n++) h1.send(new Uint8Array(100));
    await net.advance(300);
    expect(h2.take().map(({ time }) => time)).toEqual([100, 200, 300]);
    expect(link.counts).toEqual({ sent: 5, delivered: 3, lost: 2 });
    h1.send(new Uint8Array(50));
    await net.advance(50);
    expect(h2.take()).toHaveLength(1);
  });

  it('says so when packets go round in a loop that takes no time', async () => {
    const net = make();
    const s1 = await net.addSwitch('s1', { bridges: { br0: { ports: ['a', 'b'] } } });
    net.link(s1.bridge('br0').port('a'), s1.bridge('br0').port('b'));
    s1.bridge('br0').port('br0').send('dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,arp');
    await expect(net.settle()).rejects.toThrow('does not come to rest');
    await net.settle(); // the loop has lost its packets then
  });

  it('has switches that hear of their ports by one controller', async () => {
    const net = make();
    await using controllers = await net.listen('ptcp:6653');
    for (const name of ['s1', 's2']) {
      const other_config = new Map([['dp-desc', name]]);
      const sw = await net.addSwitch(name, { bridges: { br0: { other_config } } });
      await sw.bridge('br0').setControllers('tcp:127.0.0.1:6653');
    }
    const names: string[] = [];
    for await (const connection of controllers) {
      const { value } = await connection.request({ name: 'DESC_REQUEST', value: undefined });
      names.push(value.datapath);
      if (names.length === 2) break;
    }
    expect(names).toEqual(['s1', 's2']);
  });

  it.each([
    [() => make().addHost('h', { mac: 'x' }), 'x'],
    [() => make().addHost('h').send('arp'), 'host h has no link'],
    [() => make().addHost('h').ping('10.0.0.1'), 'has no IPv4 address'],
    [() => [make().addHost('h')].map((h) => open.at(-1)?.link(h, h)), 'has a link already'],
    [() => [make().addHost('h')].map((h) => open.at(-1)?.link(h, h, { loss: 2 })), 'cannot have a loss 2'],
    [() => make().advance(-1), '-1 is no number of milliseconds'],
  ])('refuses what cannot be: %s', async (attempt, why) => {
    await expect((async () => attempt())()).rejects.toThrow(why);
  });
});
