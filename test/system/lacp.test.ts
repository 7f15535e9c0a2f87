/**
 * The real daemon as LACP partner: a bond of ours and one of its over two veth cables. What each says of the links must
 * be what the other says, and traffic must go on when a cable is pulled.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CabledPair, useBridge } from './support/cabled-pair.ts';
import { type SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`lacp.test.ts: not run: ${reason}\n`);

const systems = { ours: '02:00:00:00:00:0a', reference: '02:00:00:00:00:0b' } as const;
const address = { ours: '10.9.0.1', reference: '10.9.0.2' } as const;

const members = { ours: ['e0', 'e1'], reference: ['f0', 'f1'] } as const;

/** What is said of one end of a link: by member, then "actor" or "partner". */
function endsOf(host: SwitchHost): Map<string, Record<string, string[]>> {
  const ends = new Map<string, Record<string, string[]>>();
  const [, ...texts] = host.appctl('lacp/show', 'bond0').stdout.split('\nmember: ');
  for (const text of texts) {
    const name = text.slice(0, text.indexOf(':'));
    const linesOf = (which: string): string[] =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`  ${which} `))
        .map((line) => line.replace(`  ${which} `, ''));
    ends.set(name, { actor: linesOf('actor'), partner: linesOf('partner') });
  }
  return ends;
}

function bond(host: SwitchHost): string {
  return host.appctl('bond/show', 'bond0').stdout;
}

const isWhole = (host: SwitchHost): boolean => bond(host).match(/may_enable: true/g)?.length === 2;

describe.runIf(reason === undefined)('beside the reference', () => {
  let ours: SwitchHost;
  let reference: SwitchHost;
  let both: readonly SwitchHost[];
  let pair: CabledPair;

  beforeAll(async () => {
    pair = new CabledPair();
    ({ ours, reference, both } = pair);
    await pair.start(2);
    for (const host of both) {
      const { which } = host;
      const mac = systems[which];
      const [first, second] = members[which];
      host.configure(
        ...splitWords(`add-br br0 -- set bridge br0 datapath_type=netdev other_config:hwaddr=${mac}`),
        ...['--', 'add-bond', 'br0', 'bond0', first, second, 'bond_mode=balance-tcp', 'lacp=active'],
        ...['other_config:lacp-time=fast', '--', 'set', 'interface', first, 'ofport_request=1'],
        ...['other_config:lacp-aggregation-key=1', '--', 'set', 'interface', second, 'ofport_request=2'],
        'other_config:lacp-aggregation-key=1',
      );
      useBridge(host, address[which]);
    }
    await until(() => both.every(isWhole), 'both to agree');
  }, 120_000);

  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  const reaches = (): boolean => ours.run('ping', '-c1', '-W1', address.reference).status === 0;

  /** Each says of the other's end what that says of it. */
  const agree = (): boolean => {
    const [we, they] = [endsOf(ours), endsOf(reference)];
    return [0, 1].every((n) => {
      const [our, their] = [we.get(`e${n}`), they.get(`f${n}`)];
      return isDeepStrictEqual(our?.partner, their?.actor) && isDeepStrictEqual(their?.partner, our?.actor);
    });
  };

  test('both say the same of both ends of each link', async () => {
    await until(agree, 'both to say the same');
    await expect
      .poll(() => endsOf(ours).get('e0')?.partner)
      .toEqual([
        `sys_id: ${systems.reference}`,
        'sys_priority: 65534',
        'port_id: 1',
        'port_priority: 65535',
        'key: 1',
        'state: activity timeout aggregation synchronized collecting distributing',
      ]);
    await expect.poll(() => ours.configure('get', 'interface', 'e0', 'lacp_current')).toBe('true');
    await until(reaches, 'traffic');
  });

  test('a link that is pulled is given up by both, traffic goes on, and both take it back', async () => {
    ours.host.run('ip', 'link', 'set', 'e0', 'down');
    await until(() => both.every((host) => /member [ef]0: disabled/.test(bond(host))), 'both to give it up');
    await until(reaches, 'traffic by the other link');
    ours.host.run('ip', 'link', 'set', 'e0', 'up');
    await until(() => both.every(isWhole), 'both to take it back');
    await until(reaches, 'traffic by both');
  });

  test('a partner that falls silent is noticed within the time of the protocol, and found again', async () => {
    await reference.kill();
    await until(() => bond(ours).match(/member e\d: disabled/g)?.length === 2, 'its silence to be noticed');
    expect(ours.appctl('lacp/show', 'bond0').stdout).toMatch(/expired|defaulted/);
    await reference.start();
    await until(() => both.every(isWhole), 'both to agree again');
    await until(reaches, 'traffic');
  });

  test('one that waits to be spoken to answers', async () => {
    reference.configure('set', 'port', 'bond0', 'lacp=passive');
    await until(() => both.every(isWhole), 'both to agree');
    ours.configure(
      ...splitWords('set port bond0 lacp=passive -- set port bond0 other_config:lacp-time=slow'),
    );
    reference.configure('set', 'port', 'bond0', 'lacp=active');
    await until(() => both.every(isWhole), 'both to agree');
    await expect
      .poll(() => endsOf(reference).get('f0')?.partner)
      .toContain('state: aggregation synchronized collecting distributing');
  });
});
