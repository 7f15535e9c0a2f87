/** A switch that takes flows and does nothing with them: what the real ovs-ofctl sends for lines of text. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versionName, type WireVersion } from '../../../src/openflow/versions.ts';

const type = { hello: 0, error: 1, echo: 2, vendor: 4, flowMod: 14 } as const;
const flowModSubtype = 13;

function header(version: number, kind: number, size: number, xid: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt8(version, 0);
  bytes.writeUInt8(kind, 1);
  bytes.writeUInt16BE(size, 2);
  bytes.writeUInt32BE(xid, 4);
  return bytes;
}

/** Answers whatever waits for an answer; `take` gets the flows. */
function serve(socket: Socket, version: WireVersion, take: (message: Buffer) => void): void {
  const hello = header(version, type.hello, 16, 1);
  hello.writeUInt32BE(0x00010008, 8);
  hello.writeUInt32BE(1 << version, 12);
  socket.write(hello);
  const barrier = version === 1 ? 18 : 20;
  let pending = Buffer.alloc(0);
  socket.on('error', () => {}); // ovs-ofctl is done before we are
  socket.on('data', (data) => {
    pending = Buffer.concat([pending, data]);
    while (pending.length >= 8 && pending.length >= pending.readUInt16BE(2)) {
      const size = pending.readUInt16BE(2);
      const message = pending.subarray(0, size);
      pending = pending.subarray(size);
      const kind = message.readUInt8(1);
      const xid = message.readUInt32BE(4);
      if (kind === barrier) socket.write(header(version, barrier + 1, 8, xid));
      if (kind === type.echo) socket.write(header(version, type.echo + 1, 8, xid));
      const isNicira = kind === type.vendor && message.readUInt32BE(12) === flowModSubtype;
      if (kind === type.flowMod || isNicira) take(Buffer.from(message));
    }
  });
}

/** What a flow does, as the message has it: actions in 1.0, instructions later. */
function actionsOf(message: Buffer): Uint8Array {
  const version = message.readUInt8(0);
  if (version === 2) return message.subarray(136);
  const isNicira = message.readUInt8(1) === type.vendor;
  if (version === 1 && !isNicira) return message.subarray(72);
  const matchSize = isNicira ? message.readUInt16BE(40) : message.readUInt16BE(50);
  return message.subarray(48 + Math.ceil(matchSize / 8) * 8);
}

/** The bytes of what each of the flows does. Each line must be one that the version can say. */
export async function caughtActions(version: WireVersion, lines: readonly string[]): Promise<Uint8Array[]> {
  const directory = mkdtempSync(join(tmpdir(), 'flow-catcher-'));
  const path = join(directory, 'switch.mgmt');
  const caught: Uint8Array[] = [];
  const server = createServer((socket) => serve(socket, version, (flow) => caught.push(actionsOf(flow))));
  try {
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const flows = join(directory, 'flows');
    writeFileSync(flows, `${lines.join('\n')}\n`);
    const said = await run(['--no-names', '-O', versionName(version), 'add-flows', `unix:${path}`, flows]);
    if (said !== '') throw new Error(said);
    return caught;
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
}

/** What ovs-ofctl complains of when it fails. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('ovs-ofctl', ['--timeout=60', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
    });
    child.on('close', (code) => resolve(code === 0 ? '' : said || `exit ${code}`));
  });
}
