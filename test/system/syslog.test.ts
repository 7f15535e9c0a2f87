/** What programs send to syslog, by each way to it: ours and the reference's, datagram for datagram. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UnixReceiver } from './support/unix-receiver.ts';

const ours = new URL('../../bin/ovs-appctl', import.meta.url).pathname;
const theirs = '/usr/bin/ovs-appctl';
const reason = existsSync(theirs) && process.geteuid?.() === 0 ? undefined : 'needs root and ovs-appctl';
if (reason !== undefined) process.stderr.write(`syslog.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('both programs send the same to syslog', () => {
  const folder = mkdtempSync(join(tmpdir(), 'syslog-'));
  const dev = join(folder, 'dev');
  let receiver: UnixReceiver;

  beforeAll(() => {
    mkdirSync(dev);
    receiver = new UnixReceiver(join(dev, 'log'));
  });
  afterAll(() => {
    receiver[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  /** A failure that is logged, by a program that sees `dev` as /dev. */
  function sent(program: string, args: readonly string[], method?: string): string[] {
    const script = `
      for device in null zero urandom; do touch ${dev}/$device; mount --bind /dev/$device ${dev}/$device; done
      mount --rbind ${dev} /dev
      exec ${program} ${args.join(' ')} -t none version`;
    const env = { ...process.env, OVS_RUNDIR: folder, ...(method && { OVS_SYSLOG_METHOD: method }) };
    spawnSync('unshare', ['--mount', 'sh', '-c', script], { env });
    return receiver.take().map((line) => line.replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/, 'TIME'));
  }

  const line = `ovs|00001|daemon_unix|WARN|${folder}/none.pid: open: No such file or directory`;

  test.each([
    ['by default', [], undefined, [`<28>TIME ovs-appctl: ${line}`]],
    ['as the C library does', ['--syslog-method=libc'], undefined, [`<28>TIME ovs-appctl: ${line}`]],
    ['to a socket', [`--syslog-method=unix:${dev}/log`], undefined, [`<28>${line}`]],
    ['nowhere', ['--syslog-method=null'], undefined, []],
    ['by the first of two ways', ['--syslog-method=null', '--syslog-method=libc'], undefined, []],
    ['as the environment says', [], `unix:${dev}/log`, [`<28>${line}`]],
    ['to a facility', ['-vFACILITY:local3'], undefined, [`<156>TIME ovs-appctl: ${line}`]],
    [
      'one datagram a line',
      ['-vPATTERN:syslog:%p%n%c'],
      undefined,
      ['WARN', 'daemon_unix'].map((word) => `<28>TIME ovs-appctl: ${word}`),
    ],
    ['not below their level', ['-vsyslog:err'], undefined, []],
  ])('%s', (_name, args, method, expected) => {
    expect(sent(theirs, args, method)).toEqual(expected);
    expect(sent(ours, args, method)).toEqual(expected);
  });
});
