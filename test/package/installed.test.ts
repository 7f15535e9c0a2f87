/** The package as npm makes and installs it: what is in it, that its programs run, and that its types can be used. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const manifest: { bin: Record<string, string>; man: string[]; dependencies: Record<string, string> } =
  JSON.parse(readFileSync('package.json', 'utf8'));
const oldest = 'test/fixtures/oldest-typescript';
/** Longer than anything here takes on a busy machine. */
const limit = 300_000;

let folder: string;
let packed: Packed;

/** What it printed. Throws with what it said when it fails. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? ''}${stdout}${stderr}`);
  return stdout;
}

function copyPackage(name: string): void {
  mkdirSync(join(folder, 'node_modules', name), { recursive: true });
  cpSync(join('node_modules', name), join(folder, 'node_modules', name), { recursive: true });
}

beforeAll(() => {
  // With a space, as in many a user's path.
  folder = mkdtempSync(join(tmpdir(), 'ovs-ts package-'));
  // What `prepack` does but for the build, which other tests are using.
  run('.', 'node', 'scripts/declarations.mjs');
  run('.', 'node', 'scripts/man-pages.mjs');
  const [made]: Packed[] = JSON.parse(
    run('.', 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  );
  if (made === undefined) throw new Error('npm pack made nothing');
  packed = made;
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  // As npm would from the registry, which a test should not need.
  for (const name of ['koffi', '@koromix']) copyPackage(name);
  run(folder, 'npm', 'install', '--offline', '--no-save', `./${made.filename}`);
  for (const name of ['@types/node', 'undici-types']) copyPackage(name);
}, limit);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the installed package', () => {
  it('holds what its users need, and nothing that only the project needs', () => {
    const paths = packed.files.map((file) => file.path);
    const wanted = ['LICENSE', 'README.md', ...Object.values(manifest.bin), ...manifest.man];
    for (const part of ['completion', 'systemd']) {
      wanted.push(...readdirSync(`packaging/${part}`).map((name) => `packaging/${part}/${name}`));
    }
    wanted.push(...readdirSync('examples').map((name) => `examples/${name}`));
    expect(paths).toEqual(expect.arrayContaining(wanted));
    const known = /^(bin|dist|docs|examples|packaging)\/|^(LICENSE|README\.md|package\.json)$/;
    expect(paths.filter((path) => !known.test(path) || path.endsWith('.map') || path.includes('/.'))).toEqual(
      [],
    );
    expect(packed.unpackedSize).toBeLessThan(8_000_000);
    expect(readFileSync('LICENSE', 'utf8')).toContain(
      'Apache License\n                           Version 2.0',
    );
  });

  it('has a README that sends nobody to what is not there', () => {
    const text = readFileSync(join(folder, 'node_modules/ovs-ts/README.md'), 'utf8');
    // npm's site shows the page without the files beside it, so a link must lead somewhere by itself.
    const links = [...text.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target);
    expect(links.filter((target) => !/^(https:\/\/|#)/.test(target ?? ''))).toEqual([]);
    const paths = [...text.matchAll(/`((?:bin|docs|examples|packaging)\/[^` ]*)`/g)].map(
      ([, path]) => path ?? '',
    );
    expect(paths).not.toEqual([]);
    expect(paths.filter((path) => !existsSync(join(folder, 'node_modules/ovs-ts', path)))).toEqual([]);
  });

  it(
    'has programs that npx runs, each by its name and through the one of the package, from any folder',
    () => {
      expect(run(folder, 'npx', '--offline', 'ovs-vsctl', '--version')).toContain('ovs-vsctl');
      const list = run(folder, 'npx', '--offline', 'ovs-ts');
      for (const name of Object.keys(manifest.bin)) {
        expect(run('/', join(folder, 'node_modules/.bin', name), '--version')).toContain(name);
        if (name === 'ovs-ts') continue;
        expect(run(folder, 'node_modules/.bin/ovs-ts', name, '--version')).toContain(name);
        expect(list).toContain(`  ${name}\n`);
      }
    },
    limit,
  );

  it('has a manual page of each program with all that its help says', () => {
    expect(manifest.man.map((path) => path.replace(/^dist\/man\/(.*)\.\d$/, '$1'))).toEqual(
      Object.keys(manifest.bin).filter((name) => name !== 'ovs-ts'),
    );
    for (const path of manifest.man) {
      const page = readFileSync(join(folder, 'node_modules/ovs-ts', path), 'utf8').replaceAll('\\-', '-');
      const name = path.replace(/^dist\/man\/(.*)\.\d$/, '$1');
      const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('OVS_')));
      const help = spawnSync(`bin/${name}`, ['--help'], { encoding: 'utf8', env }).stdout;
      expect(page).toContain(help.trim());
      expect(page).toMatch(/^\.TH /);
      for (const section of [
        'NAME',
        'SYNOPSIS',
        'DESCRIPTION',
        'USAGE',
        'ENVIRONMENT',
        'EXIT STATUS',
        'SEE ALSO',
      ])
        expect(page).toContain(`\n.SH ${section}\n`);
    }
  });

  it('shows an error that nobody caught by the name of its class', () => {
    const exported = JSON.parse(
      run(
        folder,
        'node',
        '--input-type=module',
        '-e',
        "import * as ovsdb from 'ovs-ts/ovsdb'; import * as openflow from 'ovs-ts/openflow'; import * as testing from 'ovs-ts/testing'; console.log(JSON.stringify([ovsdb, openflow, testing].flatMap(Object.entries).map(([key, of]) => [key, of.name, of.prototype instanceof Error])));",
      ),
    ) as [key: string, name: string, isError: boolean][];
    const errors = exported.filter(([, , isError]) => isError);
    expect(errors.map(([key]) => key)).toEqual(expect.arrayContaining(['OvsdbError', 'OpenFlowError']));
    expect(errors.filter(([key, name]) => key !== name)).toEqual([]);
  });

  it('exports every type that its declarations name', () => {
    const types = join(folder, 'node_modules/ovs-ts/dist/types');
    const files = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((f) =>
      f.endsWith('.d.ts'),
    );
    const text = (file: string) => readFileSync(join(types, file), 'utf8');
    const entries = ['ovsdb', 'openflow', 'vswitchd/schema', 'testing'].map((name) => `${name}/index.d.ts`);
    const index = entries.map(text).join('\n');
    const whole = [...text('ovsdb/index.d.ts').matchAll(/export (?:type )?\* from '(.*)\.js'/g)].map(
      ([, path]) => join('ovsdb', `${path}.d.ts`),
    );
    const missing = files
      .filter((file) => ![...entries, ...whole].includes(file))
      .flatMap((file) => [
        ...text(file).matchAll(/^export (?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/gm),
      ])
      .map(([, name]) => name ?? '')
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(index));
    expect(whole).not.toEqual([]);
    expect(missing).toEqual([]);
  });

  it(
    'has types that the oldest and the newest compiler check whole, and a library that does what they say',
    () => {
      if (!existsSync(`${oldest}/node_modules`)) run(oldest, 'npm', 'ci', '--no-audit', '--no-fund');
      const options =
        '--module nodenext --target es2022 --lib es2022 --types node --strict --exactOptionalPropertyTypes';
      const typed = ['typed-rows', 'typed-messages', 'typed-switch'];
      for (const name of typed) cpSync(`examples/${name}.ts`, join(folder, `${name}.ts`));
      const inReadme = [...readFileSync('README.md', 'utf8').matchAll(/```ts\n(.*?)```/gs)];
      expect(inReadme.length).toBe(2);
      const sources = typed.map((name) => `${name}.ts`);
      for (const [n, [, source = '']] of inReadme.entries()) {
        expect(source).toContain('connect(');
        sources.push(`readme${n}.ts`);
        writeFileSync(join(folder, `readme${n}.ts`), source);
      }
      for (const compiler of [`${oldest}/node_modules/typescript`, 'node_modules/typescript']) {
        const tsc = join(process.cwd(), compiler, 'bin/tsc');
        run(folder, 'node', tsc, ...options.split(' '), '--skipLibCheck', 'false', ...sources);
        expect(run(folder, 'node', 'typed-messages.js').split('\n')).toEqual([
          'add tcp,tp_dst=80 dec_ttl to port 5',
          'OFPT_FLOW_MOD (OF1.3) (xid=0x1): ADD tcp,tp_dst=80 actions=dec_ttl,output:5',
          'SYSCALL_FAILED read: End of file',
          'SYSCALL_FAILED connect: No such file or directory',
          '',
        ]);
        expect(run(folder, 'node', 'typed-switch.js').split('\n')).toEqual([
          'p2 at 0: nw_ttl=8',
          'udp,in_port=p1 -> dec_ttl,output:p2: 1 packets',
          '1 rule',
          'REFUSED no port p9 in bridge br0; there are br0, p1, p2',
          'MALFORMED match at byte 0: nonsense=1: unknown field nonsense',
          '60 s',
          '4 ms, 4 frames',
          '',
        ]);
        expect(run(folder, 'node', 'typed-rows.js').split('\n')).toEqual([
          'eth1: access port of VLAN 10',
          '[]',
          'REFUSED constraint violation',
          'SYSCALL_FAILED connect: No such file or directory',
          '',
        ]);
      }
    },
    limit,
  );
});
