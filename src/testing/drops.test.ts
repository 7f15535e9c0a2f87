import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestSwitch, type TestSwitch } from './switch.ts';

const ping = 'icmp,nw_src=10.0.0.1,nw_dst=10.0.0.2';
const toWeb = 'tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=80';

describe('what a switch drops', () => {
  let sw: TestSwitch;

  beforeEach(async () => {
    const flows = [
      'priority=5,tcp,actions=resubmit(,1)',
      'table=1,actions=drop',
      'priority=0,actions=output:9',
    ];
    sw = await createTestSwitch({ bridges: { br0: { ports: ['p1', 'p2'], flows } } });
  });
  afterEach(() => sw.close());

  const send = (...packets: readonly string[]): void => {
    for (const packet of packets) sw.bridge('br0').port('p1').send(packet);
  };

  it('is seen packet by packet, with why and by which flow', () => {
    using all = sw.drops();
    using some = sw.drops({ bridge: 'br0', match: 'table=1,tcp' });
    send(ping, toWeb, toWeb);
    expect(all.take().map(({ reason, rule, action }) => [reason, rule, action])).toEqual([
      ['noSuchOutput', 'priority=0 actions=output:9', 'output:9'],
      ['ruleDrops', 'table=1, actions=drop', undefined],
      ['ruleDrops', 'table=1, actions=drop', undefined],
    ]);
    const [first] = some.take();
    expect(first).toMatchObject({
      bridge: 'br0',
      port: 'p1',
      place: 'bridge',
      table: 1,
      size: first?.head.length,
    });
    expect(first?.flow).toMatch(/^tcp,in_port=\d,/);
    expect(() => sw.drops({ match: 'nonsense=1' })).toThrow('unknown keyword nonsense');
    expect(() => sw.drops({ bridge: 'br9' })).toThrow('no such bridge');
  });

  it('is counted by bridge, port and reason', async () => {
    send(ping, toWeb, toWeb);
    const counts = (): unknown =>
      sw.dropCounts('br0').map(({ port, reason, packets }) => [port, reason, packets]);
    const expected = [
      ['p1', 'noSuchOutput', 1],
      ['p1', 'ruleDrops', 2],
    ];
    expect(counts()).toEqual(expected);
    await sw.advance(60_000);
    expect(counts()).toEqual(expected);
    expect(await sw.appctlJson('dpif/show-drops')).toMatchObject(sw.dropCounts());
  });

  it('is told of a packet that came back to the datapath, with the key that it came back with', async () => {
    await sw
      .bridge('br0')
      .addFlows('mpls,mpls_bos=1,actions=pop_mpls:0x0800,resubmit(,2)', 'table=2,actions=drop');
    using drops = sw.drops({ match: 'table=2' });
    for (let n = 0; n < 3; n++) send('mpls,mpls_label=5,mpls_bos=1,mpls_ttl=64');
    const seen = drops.take();
    expect(seen.map(({ reason, rule }) => [reason, rule])).toEqual(
      Array.from({ length: 3 }, () => ['ruleDrops', 'table=2, actions=drop']),
    );
    expect(sw.dropCounts()).toMatchObject([{ port: 'p1', reason: 'ruleDrops', packets: 3 }]);
  });

  it('is not watched by more than can be served', async () => {
    const streams = Array.from({ length: 16 }, () => sw.drops());
    expect(() => sw.drops()).toThrow('there are 16 who watch dropped packets');
    streams[0]?.end();
    sw.drops().end();
    for (const stream of streams) stream.end();
  });

  it('is waited for, until the switch is closed', async () => {
    const drops = sw.drops();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { reason } of drops) seen.push(reason);
    })();
    send(ping);
    await sw.settle();
    send(toWeb);
    await sw.close();
    await reading;
    expect(seen).toEqual(['noSuchOutput', 'ruleDrops']);
  });

  it('is shown by drops/monitor, for a time or a number of packets', async () => {
    const forTime = sw.appctl('drops/monitor', '--for=2.5', '--head=2', 'br0', 'icmp');
    const forCount = sw.appctlJson('drops/monitor', '--count=2', '--rate=2');
    const limited = sw.appctl('drops/monitor', '--for=2', '--rate=1', '--head=0');
    send(toWeb, ping, ping);
    await sw.advance(2000);
    send(ping);
    await sw.advance(1000);
    const lines = (await forTime).trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^\S+Z br0 p1: noSuchOutput, by the bridge: Nonexistent output port$/),
      '  table 0: priority=0 actions=output:9',
      '  action: output:9',
      expect.stringMatching(/^ {2}flow: icmp,in_port=\d,/),
    ]);
    expect(lines[4]).toMatch(/^ {2}\d+ bytes: [0-9a-f]{4}\.\.\.$/);
    expect(lines.at(-1)).toBe('3 dropped packets');
    expect(await forCount).toMatchObject({
      packets: [{ reason: 'ruleDrops' }, { reason: 'noSuchOutput' }],
      missed: expect.any(Number),
    });
    expect((await limited).trimEnd().split('\n').at(-1)).toBe(
      '1 dropped packets, and up to 2 more that are not shown',
    );
  });

  it('is watched no longer when it cannot be captured any more', async () => {
    const monitor = sw.appctl('drops/monitor', '--count=5', '--pcap=/dev/full');
    await expect(monitor).rejects.toThrow(
      '/dev/full: cannot write capture: write failed (No space left on device)',
    );
  });

  it('is not captured in a pipe that nobody reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drops-'));
    try {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const monitor = sw.appctl('drops/monitor', '--count=5', `--pcap=${pipe}`);
      await expect(monitor).rejects.toThrow(
        `${pipe}: cannot write capture: open failed (No such device or address)`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [['--foo=1'], '--foo=1: no such option'],
    [['--constructor=1'], '--constructor=1: no such option'],
    [['--count'], '--count: no such option'],
    [['--count=0'], '--count=0: must be a number from 1 to 1000000000'],
    [['--count=1e3'], '--count=1e3: must be a number from 1 to 1000000000'],
    [['--for=-1'], '--for=-1: must be a number from 0.001 to 1000000'],
    [['--rate=1000000'], '--rate=1000000: must be a number from 1 to 100000'],
    [['--head=70000'], '--head=70000: must be a number from 0 to 65535'],
    [['--pcap=here'], '--pcap=here: the daemon writes it: say its whole path'],
    [
      ['--for=1', '--pcap=/no/such/folder/x'],
      '/no/such/folder/x: cannot write capture: open failed (No such file',
    ],
    [[], 'say --count or --for: this ovs-appctl shows nothing before the end'],
    [['--for=1', 'br9'], 'br9: no bridge, and no match: '],
    [['--for=1', 'br9', 'ip'], 'br9: no such bridge'],
    [['--for=1', 'br0', 'ip', 'tcp'], 'too many arguments'],
    [['--for=1', 'br0', 'foo=1'], 'unknown keyword foo'],
    [['--for=1', 'br0', 'reg0=1'], 'reg0=1: a packet that comes in has no registers and no metadata yet'],
    [['--for=1', 'br0', 'out_port=1'], 'out_port=1: only a match and a table tell packets apart'],
    [['--for=1', 'br0', 'cookie=1/-1'], 'cookie=1/-1: only a match and a table tell packets apart'],
    [['--for=1', 'tun_metadata0=1'], "tun_metadata0=1: which bridge's tun_metadata?"],
    [['--for=1', 'br0', 'tun_metadata0=1'], 'tun_metadata0=1: '],
  ])('drops/monitor %j says what is wrong', async (args, why) => {
    await expect(sw.appctl('drops/monitor', ...args)).rejects.toThrow(why);
  });
});
