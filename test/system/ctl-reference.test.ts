/** ovs-ctl beside the reference's, command after command, each in folders of its own and with the real daemons. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';

const reference = '/usr/share/openvswitch/scripts/ovs-ctl';
const ours = new URL('../../bin/ovs-ctl', import.meta.url).pathname;
const schemaFile = '/usr/share/openvswitch/vswitch.ovsschema';

/** Command lines of a shell; CTL is the program, and each starts where the one before has left things. */
const steps = [
  'CTL status',
  'CTL stop',
  'CTL --no-ovs-vswitchd --system-id=random --extra-dbs="extra.db junk.db none.db" --ovsdb-server-priority=3 start',
  'ovs-appctl -t ovsdb-server ovsdb-server/list-dbs',
  'ps -o ni= -p $(cat ovsdb-server.pid)',
  'CTL --no-ovs-vswitchd start',
  'CTL --foo --no-ovs-vswitchd start',
  'CTL --no-ovsdb-server --no-ovs-vswitchd start',
  'CTL --no-ovsdb-server --no-ovs-vswitchd --no-record-hostname start',
  'CTL status',
  'ovs-vsctl --no-wait add-br br0 -- add-port br0 t -- set port t other_config:transient=true',
  'CTL delete-transient-ports',
  'ovs-vsctl --no-wait list-ports br0',
  'CTL record-hostname-if-not-set',
  'ovs-vsctl --no-wait get open . external_ids:hostname',
  'CTL --no-ovs-vswitchd --system-id=a --delete-bridges --external-id=k=v --system-type=T --system-version=V restart',
  'ovs-vsctl --no-wait list-br',
  'ovs-vsctl --no-wait get open . system_type system_version external_ids:k external_ids:system-id',
  'CTL --no-ovs-vswitchd stop',
  'echo 999999 > ovs-vswitchd.pid; CTL status; rm ovs-vswitchd.pid',
  'CTL --protocol=nonsense enable-protocol',
  'CTL -x start',
  'CTL --external-id=x start',
  'CTL',
  'CTL nonsense',
  'CTL start stop',
  'rm conf.db; ovsdb-tool create conf.db odd.schema',
  `ovsdb-tool transact conf.db '["Open_vSwitch",{"op":"insert","table":"Open_vSwitch","row":{"bridges":"x"}}]' >out`,
  'CTL --no-ovs-vswitchd --system-id=random start',
  'CTL --no-ovs-vswitchd stop',
];

class Place {
  readonly folder = mkdtempSync(`${tmpdir()}/ctl-reference-`);
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
    mkdirSync(`${this.folder}/openvswitch`);
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
    writeFileSync(`${this.folder}/extra.schema`, JSON.stringify({ ...schema, name: 'Extra' }));
    // rows of this one cannot be converted: text in place of references
    schema.version = '9.9.9';
    schema.tables.Open_vSwitch.columns.bridges = { type: { key: 'string', min: 0, max: 'unlimited' } };
    writeFileSync(`${this.folder}/odd.schema`, JSON.stringify(schema));
    writeFileSync(`${this.folder}/junk.db`, 'junk\n');
    this.run('ovsdb-tool create extra.db extra.schema');
  }

  /** What is said, with its exit status, without what differs by chance. */
  run(line: string): string {
    const own = Object.fromEntries(
      ['RUN', 'LOG', 'DB', 'SYSCONF'].map((place) => [`OVS_${place}DIR`, this.folder]),
    );
    const script = `CTL() { ${this.#program} "$@"; }\n${line}\n`;
    const { status, stdout } = spawnSync('sh', ['-c', `{ ${script}} 2>&1`], {
      env: { ...process.env, OVS_BINDIR: '/usr/bin', OVS_SBINDIR: '/usr/sbin', ...own },
      cwd: this.folder,
      encoding: 'utf8',
      timeout: 120_000,
    });
    const said = stdout
      .replaceAll(this.folder, 'FOLDER')
      .replace(/pid [0-9]+/g, 'pid N')
      .replace(/\([0-9]+\)/g, '(N)')
      // On a busy machine the reference does not wait until a daemon has ended by itself.
      .replace(/^(?:Exiting (\S+) \(N\)\.\n)?(?:Killing (\S+) \(N\)[^\n]*\n)+/gm, 'Exiting $2 (N).\n')
      .replaceAll(`${reference}: `, 'ovs-ctl: ');
    return `${said}-> ${status}`;
  }

  remove(): void {
    this.run('CTL stop');
    rmSync(this.folder, { recursive: true });
  }
}

describe.skipIf(!existsSync(reference))('ovs-ctl says and does the same as the reference', () => {
  const answers: { theirs: string; mine: string }[] = [];
  beforeAll(() => {
    const [theirs, mine] = [new Place(reference), new Place(ours)];
    try {
      for (const line of steps) answers.push({ theirs: theirs.run(line), mine: mine.run(line) });
    } finally {
      theirs.remove();
      mine.remove();
    }
  }, 300_000);

  test.each(steps.map((line, i) => [line, i] as const))('%s', (_, i) => {
    expect(answers[i]?.mine).toBe(answers[i]?.theirs);
  });
});

test('what ovs-ctl does not act on, it says', () => {
  const place = new Place(ours);
  try {
    expect(place.run('CTL start-ovs-ipsec')).toBe('ovs-ctl: start-ovs-ipsec: IPsec is not built yet\n-> 1');
    expect(place.run('CTL stop-ovs-ipsec')).toBe('ovs-ctl: stop-ovs-ipsec: IPsec is not built yet\n-> 1');
    expect(place.run('CTL --ovs-vswitchd-wrapper=strace status')).toMatch(
      /^ovs-ctl: --ovs-vswitchd-wrapper=strace has no effect: /,
    );
  } finally {
    place.remove();
  }
});
