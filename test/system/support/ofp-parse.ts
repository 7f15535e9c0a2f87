/** Many messages through one run of the real ovs-ofctl: what it prints of each. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** As much as ofp-parse says of a message. */
export const parseVerbosity = 2;

const markXid = 0x77000000;

/** An echo request that tells where the text of message `n` begins. */
function mark(n: number): Uint8Array {
  const bytes = Buffer.from('0102000800000000', 'hex');
  bytes.writeUInt32BE(markXid + n, 4);
  return bytes;
}

/** The text of each message, a character a byte; they must have the lengths that their headers say. */
export function printedByOvsOfctl(messages: readonly Uint8Array[]): string[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ofp-parse-'));
  try {
    const file = path.join(folder, 'messages');
    const all = [...messages.flatMap((message, n) => [mark(n), message]), mark(messages.length)];
    writeFileSync(file, Buffer.concat(all));
    const { stdout, stderr, status } = spawnSync('ovs-ofctl', ['ofp-parse', file], {
      encoding: 'latin1',
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(`ovs-ofctl ofp-parse: ${stderr}`);
    return stdout.split(/OFPT_ECHO_REQUEST \(xid=0x77[0-9a-f]{6}\): 0 bytes of payload\n/).slice(1, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
