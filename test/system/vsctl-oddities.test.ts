/** What ovs-vsctl warns of in a database where ports and interfaces are in several places, beside the reference. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealServer, whyNoServer } from './real-server.ts';
import { splitWords } from './support/words.ts';

const ours = new URL('../../bin/ovs-vsctl', import.meta.url).pathname;

/** A port of a random database; names and interfaces are indices, as far as there are any. */
const port = fc.record({
  hasBridgeName: fc.boolean(),
  interfaces: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 2 }),
  tag: fc.option(fc.integer({ min: 1, max: 3 })),
  isFakeBridge: fc.boolean(),
});
const database = fc.record({
  ports: fc.array(port, { minLength: 3, maxLength: 8 }),
  bridges: fc.array(fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 5,
  }),
});
type RandomDatabase = typeof database extends fc.Arbitrary<infer T> ? T : never;

describe.skipIf(whyNoServer() !== undefined)('ovs-vsctl warns of what is odd in the database', () => {
  let server: RealServer;
  beforeEach(async () => {
    server = await RealServer.start();
    server.run('ovs-vsctl', ['--no-wait', 'init']);
  });
  afterEach(() => server.stop());

  function transact(operations: readonly unknown[]): void {
    const line = JSON.stringify(['Open_vSwitch', ...operations]);
    const { stdout } = server.run('ovsdb-client', ['transact', `unix:${server.folder}/db.sock`, line]);
    expect(stdout).not.toContain('"error"');
  }

  /** What a command line says on standard error, with the numbers of the messages; nothing is changed. */
  function said(program: string, line: string): string {
    const { stderr } = server.run(program, ['--no-wait', '--dry-run', ...splitWords(line)]);
    return stderr.replace(/^20[^|]*/gm, 'TIME');
  }

  /** Both say the same, so many warnings. */
  function expectWarnings(line: string, count: number): void {
    const theirs = said('ovs-vsctl', line);
    expect(said(ours, line), line).toBe(theirs);
    expect(theirs.split('|WARN|').length - 1, line).toBe(count);
  }

  const onBridges = [
    'add-br n1',
    'add-br n1 br0 9',
    '--may-exist add-br br0',
    'del-br br2',
    'del-br nope',
    '--if-exists del-br nope',
    'list-br',
    'br-exists br0',
    'br-exists nope',
    'br-to-vlan br0',
    'br-to-parent br0',
    'br-set-external-id br0 a b',
    'br-get-external-id br0',
    'list-ports br0',
    'add-port br0 n2',
    'add-port br0 p1',
    '--may-exist add-port br0 p2',
    'add-bond br0 bo n3 n4',
    'add-bond-iface bond0 b9',
    'del-bond-iface bond0 b1',
    'del-port p1',
    'del-port br0 p1',
    'del-port nope',
    'port-to-br p1',
    'list-ifaces br0',
    'iface-to-br p2',
    'iface-to-br nope',
    'get-controller br0',
    'del-controller br0',
    'set-controller br0 tcp:192.0.2.1',
    'get-fail-mode br0',
    'del-fail-mode br0',
    'set-fail-mode br0 secure',
    'get-aa-mapping br0',
    'add-aa-mapping br0 1 2',
    'del-aa-mapping br0 1 2',
    'list-br -- list-br',
    'add-port br0 n2 -- add-port br0 n5',
    'br-exists br0 -- list Bridge -- br-to-vlan br0',
    'set Port p1 tag=1 -- list-br',
  ];
  const others = [
    'add-br n1 br0',
    'add-br n1 br0 9999',
    'add-aa-mapping br0 x y',
    'del-aa-mapping br0 x y',
    'init',
    'show',
    'emer-reset',
    'get-manager',
    'del-manager',
    'set-manager ptcp:1',
    'get-ssl',
    'del-ssl',
    'set-ssl a b c',
    'list-dp-cap netdev',
    'list Bridge',
    'find Port name=p1',
    'get Port p1 name',
    'set Port p1 trunks=1',
    'create QoS type=x',
    'wait-until Port p1',
    'comment hello',
  ];

  test('once in a line of commands, again after a bridge is made, and not for other commands or wrong arguments', () => {
    const change = (line: string) => {
      const { status } = server.run('ovs-vsctl', ['--no-wait', ...splitWords(line)]);
      expect(status, line).toBe(0);
    };
    change('add-br br0 -- add-br br1 -- add-br br2 -- add-port br0 p1 -- add-port br0 p2');
    change('add-port br1 q1 -- add-bond br1 bond0 b1 b2 -- add-br fake br0 5');
    change('--id=@p get Port p1 -- add Bridge br1 ports @p -- add Bridge br2 ports @p');
    change('--id=@i get Interface p2 -- add Port q1 interfaces @i -- add Port bond0 interfaces @i');
    for (const line of onBridges) expectWarnings(line, 4);
    for (const line of ['add-br n1 -- list-br', 'add-br n1 -- add-br n2', 'add-br n5 br0 44 -- list-br'])
      expectWarnings(line, 8);
    for (const line of others) expectWarnings(line, 0);
  });

  test('in any database', () => {
    fc.assert(
      fc.property(database, (random) => {
        transact(operationsFor(random));
        const line = 'list-br';
        expect(said(ours, line)).toBe(said('ovs-vsctl', line));
      }),
      { numRuns: Number(process.env.ODD_DATABASES ?? 8), seed: Number(process.env.FUZZ_SEED ?? 1) },
    );
  });
});

/** In place of the bridges before. */
function operationsFor({ ports, bridges }: RandomDatabase): unknown[] {
  const taken = new Set<string>();
  const nameOf = (i: number): string => {
    const name = ports[i]?.hasBridgeName === true ? `b${i % bridges.length}` : `p${i}`;
    const free = taken.has(name) ? `x${i}` : name;
    taken.add(free);
    return free;
  };
  const set = (table: string, indices: readonly number[]) => [
    'set',
    indices.map((i) => ['named-uuid', `${table}${i}`]),
  ];
  const insert = (table: string, i: number, row: unknown) => ({
    op: 'insert',
    table,
    'uuid-name': `${table}${i}`,
    row,
  });
  const used = bridges.map((wanted) => wanted.map((i) => i % ports.length));
  return [
    { op: 'update', table: 'Open_vSwitch', where: [], row: { bridges: ['set', []] } },
    ...[0, 1, 2, 3, 4].map((i) => insert('Interface', i, { name: `i${i}` })),
    ...ports.map((one, i) =>
      insert('Port', i, {
        name: nameOf(i),
        interfaces: set('Interface', one.interfaces),
        fake_bridge: one.isFakeBridge,
        ...(one.tag === null ? {} : { tag: one.tag }),
      }),
    ),
    ...used.map((indices, i) =>
      insert('Bridge', i, { name: `b${i}`, ports: set('Port', [...new Set(indices)]) }),
    ),
    {
      op: 'mutate',
      table: 'Open_vSwitch',
      where: [],
      mutations: [
        [
          'bridges',
          'insert',
          set(
            'Bridge',
            used.map((_, i) => i),
          ),
        ],
      ],
    },
  ];
}
