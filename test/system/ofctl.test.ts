/** ovs-ofctl's commands that need no switch, ours beside the real one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(path.join(os.tmpdir(), 'ofctl-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, args: readonly string[], input = ''): unknown {
  const { stdout, stderr, status } = spawnSync(program, args, { input, encoding: 'latin1' });
  return { stdout, stderr: stderr.replaceAll(/^[^|]+\|[^|]+\|ofp_msgs\|WARN\|.*\n/gm, ''), status };
}

function both(args: readonly string[], input?: string): void {
  expect(run(`${process.cwd()}/bin/ovs-ofctl`, args, input)).toEqual(run('ovs-ofctl', args, input));
}

function file(name: string, hex: string): string {
  const place = path.join(folder, name);
  writeFileSync(place, Buffer.from(hex, 'hex'));
  return place;
}

const hello = '0100000800000001';
/** A change of flows in OpenFlow 1.3. */
const flowMod =
  '040e006000000001 0000000000000000 0000000000000000 0000000000008000 ffffffffffffffff ffffffff00000000 0001001280000004 00000001800a0208 0600000000000000 0004001800000000 0000001000000002 0000000000000000';

describe('ovs-ofctl', () => {
  test.each([
    ['ofp-print', hello],
    ['ofp-print', '01 00\t0008 0000 0001'],
    ['ofp-print', hello, '5'],
    ['ofp-print', hello, 'x'],
    ['-mmmmm', 'ofp-print', hello],
    ['ofp-print', ''],
    ['ofp-print', hello.slice(0, -2)],
    ['ofp-print', `${hello}00`],
    ['ofp-print', hello.slice(0, -1)],
    ['ofp-print', `${hello} zz`],
    ['ofp-print', flowMod],
    ['ofp-print', flowMod, '0'],
    ['ofp-print', '0463000800000001'],
    ['print-error', 'OFPBRC_BAD_TYPE'],
    ['print-error', 'NXBRC_NXM_INVALID'],
    ['print-error', 'OFPFMFC_BAD_FLAGS'],
    ['print-error', 'toString'],
    ['encode-hello', '0x2'],
    ['encode-hello', '0x10'],
    ['encode-hello', '0x7e'],
    ['encode-hello', '42'],
    ['ofp-print'],
    ['ofp-print', '1', '2', '3'],
    ['ofp-parse', '/does/not/exist'],
    ['no-such-command'],
    [],
    ['--no-such-option'],
    ['-F', 'oxm', '-O', 'OpenFlow10'],
    ['-F', 'nothing', 'help'],
    ['-P', 'nothing'],
    ['parse-flow', `actions=${'1,'.repeat(4095)}`],
    ['parse-flow', `actions=${'1,'.repeat(4096)}`],
  ])('%s %s %s', (...args) => both(args));

  test.each([
    ['two messages', `${hello}${hello}`],
    ['nothing', ''],
    ['a message that is cut short', `${hello}0100001000000001`],
    ['a header that is cut short', `${hello}010000`],
    ['a message without a header', `${hello}0100000700000001`],
  ])('ofp-parse of %s', (name, hex) => {
    both(['ofp-parse', file(name, hex)]);
    both(['-mmm', 'ofp-parse', file(name, hex)]);
    both(['ofp-parse', '-'], Buffer.from(hex, 'hex').toString('latin1'));
  });

  test('ofp-print of standard input', () => {
    both(['ofp-print', '-'], `${hello}\nmore\n`);
    both(['ofp-print', '-'], `${hello} # no\n`);
  });
});
