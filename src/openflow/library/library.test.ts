import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import {
  actionsText,
  type Connection,
  connect,
  decodeMessage,
  flowMod,
  flowRequest,
  type Listener,
  type ListenOptions,
  listen,
  matchedField,
  matchText,
  messageBytes,
  messageText,
  packetOut,
  readActions,
  readMatch,
} from '../index.ts';
import { anyMessage, inVersion } from '../message-fixture.ts';
import { formToSend } from '../message-table.ts';
import { allVersions } from '../versions.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovs-ts-openflow-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Both ends of a connection; `listener` is to be closed. */
async function pair(options: ListenOptions = {}): Promise<[Connection, Connection, Listener]> {
  const listener = await listen('ptcp:0:127.0.0.1', options);
  const accepted = listener.connections().next();
  const ours = await connect(listener.remote);
  const { value: theirs } = await accepted;
  if (theirs === undefined) throw new Error('nobody connected');
  return [ours, theirs, listener];
}

describe('connect and listen', () => {
  it('agree on the last version that both can speak', async () => {
    const [ours, theirs, listener] = await pair({ versions: [1, 4] });
    expect([ours.version, theirs.version]).toEqual([4, 4]);
    ours.close();
    expect(await theirs.closed).toBeUndefined();
    listener.close();
  });

  it('reach a bridge by its name, and any socket by its path', async () => {
    await using listener = await listen(`punix:${folder}/br0.mgmt`);
    for (const target of ['br0', `${folder}/br0.mgmt`, `unix:${folder}/br0.mgmt`]) {
      const connection = await connect(target, { rundir: folder });
      expect(connection.version).toBe(6);
      connection.close();
    }
    expect(listener.remote).toBe(`unix:${folder}/br0.mgmt`);
  });

  it('fail with the reason: nobody there, a socket in use, no version in common, no such method', async () => {
    await using listener = await listen(`punix:${folder}/used`, { versions: [1] });
    const remote = listener.remote;
    await expect(connect('nowhere', { rundir: folder })).rejects.toMatchObject({
      code: 'SYSCALL_FAILED',
      reason: 'No such file or directory',
    });
    await expect(listen(`punix:${folder}/used`)).rejects.toMatchObject({ reason: 'Address already in use' });
    await expect(connect(remote, { versions: [6] })).rejects.toMatchObject({ reason: 'Protocol error' });
    await expect(listen('tcp:127.0.0.1')).rejects.toMatchObject({ code: 'SYSCALL_FAILED' });
    await expect(connect('ptcp:0')).rejects.toMatchObject({ code: 'SYSCALL_FAILED' });
  });

  it('tell a listener of peers that come to nothing', async () => {
    let onFailed: (why: unknown) => void = () => {};
    const failed = new Promise((resolve) => {
      onFailed = resolve;
    });
    await using listener = await listen(`punix:${folder}/strict`, { versions: [1], onFailed });
    await expect(connect(listener.remote, { versions: [6] })).rejects.toThrow();
    expect(await failed).toMatchObject({ reason: 'Protocol error' });
  });

  it('carry requests, multiparts and messages that nobody asked for', async () => {
    const [ours, theirs, listener] = await pair();
    const echo = { name: 'ECHO_REQUEST', value: { data: Uint8Array.of(1, 2) } } as const;
    expect((await ours.request(echo)).value.data).toEqual(Uint8Array.of(1, 2));
    theirs.send(flowMod({ priority: 7 }));
    theirs.send(packetOut({ actions: readActions('FLOOD'), packet: new Uint8Array(20) }));
    theirs.close();
    const names: string[] = [];
    for await (const { name } of ours.messages()) names.push(name);
    expect(names).toEqual(['FLOW_MOD', 'PACKET_OUT']);
    await expect(ours.request(echo)).rejects.toMatchObject({ reason: 'End of file' });
    listener.close();
  });

  it('keep no more messages than a few megabytes, and count those that are lost', async () => {
    const [ours, theirs, listener] = await pair();
    const large = packetOut({ actions: [], packet: new Uint8Array(65000) });
    for (let n = 0; n < 70; n++) theirs.send(large);
    theirs.close();
    await ours.closed;
    let count = 0;
    for await (const _ of ours.messages()) count++;
    expect(count + ours.lostCount).toBe(70);
    expect(ours.lostCount).toBeGreaterThan(0);
    listener.close();
  });

  it('stop waiting when a signal says so, and go on afterwards', async () => {
    const [ours, theirs, listener] = await pair();
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const waiting = [
      ours.messages({ signal }).next(),
      ours.request({ name: 'DESC_REQUEST', value: undefined }, { signal }),
      ours.barrier({ signal }),
      listener.connections({ signal }).next(),
    ];
    giveUp.abort(new Error('enough'));
    for (const one of waiting) await expect(one).rejects.toThrow('enough');
    await expect(connect(listener.remote, { signal })).rejects.toThrow('enough');
    await expect(listen('ptcp:0', { signal })).rejects.toThrow('enough');
    theirs.send(flowMod());
    expect((await ours.messages().next()).value).toMatchObject({ name: 'FLOW_MOD' });
    ours.close();
    listener.close();
  });

  it('end with their listener, or by `await using`', async () => {
    const listener = await listen('ptcp:0:127.0.0.1');
    const accepted = listener.connections();
    const first = await connect(listener.remote);
    {
      const { value } = await accepted.next();
      if (value === undefined) throw new Error('nobody connected');
      await using taken = value;
      await taken.request({ name: 'ECHO_REQUEST', value: { data: new Uint8Array() } });
    }
    expect(await first.closed).toBeUndefined();
    const untaken = await connect(listener.remote);
    await untaken.request({ name: 'ECHO_REQUEST', value: { data: new Uint8Array() } });
    listener.close();
    listener.close();
    expect(await untaken.closed).toBeUndefined();
    expect(await accepted.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a peer that falls silent', () => {
  let server: Server;
  const asked: number[] = [];
  beforeAll(async () => {
    server = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => asked.push(bytes[1] ?? 0));
      socket.write(messageBytes({ name: 'HELLO', value: { versions: undefined } }, 4));
    });
    await new Promise<void>((resolve) => server.listen(`${folder}/silent`, resolve));
  });
  afterAll(() => server.close());

  it('is asked for a sign of life, and given up', async () => {
    const connection = await connect(`unix:${folder}/silent`, { probeInterval: 20 });
    expect(await connection.closed).toMatchObject({ code: 'SYSCALL_FAILED', reason: 'Connection timed out' });
    expect(asked).toContain(2);
    await expect(connection.messages().next()).rejects.toMatchObject({ reason: 'Connection timed out' });
  });
});

describe('text', () => {
  test.each([
    ['tcp,nw_src=10.0.0.0/8,tp_dst=80', 'tcp,nw_src=10.0.0.0/8,tp_dst=80'],
    ['in_port=LOCAL,dl_vlan=5', 'in_port=LOCAL,dl_vlan=5'],
    ['', ''],
  ])('of the match %j', (text, printed) => expect(matchText(readMatch(text))).toBe(printed));

  it('has names of ports where they are known', () => {
    const portNames = new Map([[7, 'eth7']]);
    expect(matchText(readMatch('in_port=eth7', { portNames }))).toBe('in_port=7');
    expect(actionsText(readActions('output:eth7', { portNames }), { portNames })).toBe('output:eth7');
  });

  it('of a field tells its value and mask', () => {
    const match = readMatch('ip,nw_src=10.0.0.0/8,in_port=3,ipv6_label=0');
    expect(matchedField(match, 'in_port')).toEqual({ value: 3n, mask: 0xffffn });
    expect(matchedField(match, 'ip_src')).toEqual({ value: 0x0a000000n, mask: 0xff000000n });
    expect(matchedField(match, 'ip_dst')).toBeUndefined();
    expect(() => matchedField(match, 'nonsense' as 'ip_dst')).toThrow(Malformed);
  });

  test.each(['nonsense=1', 'nw_src=x'])('that is no match is Malformed: %s', (text) =>
    expect(() => readMatch(text)).toThrow(Malformed),
  );

  it('and bytes of any message', () => {
    fc.assert(
      fc.property(anyMessage, fc.constantFrom(...allVersions), (message, version) => {
        if (formToSend(version, message.name) === undefined) return;
        const bytes = messageBytes(inVersion(message, version, 9), version, 9);
        expect(decodeMessage(bytes)).toMatchObject({ name: message.name, xid: 9 });
        expect(messageText(bytes)).toMatch(/\(xid=0x9\):/);
      }),
      { numRuns: 200 },
    );
  });

  it('of messages that say little is that of ovs-ofctl', () => {
    const text = (message: Parameters<typeof messageBytes>[0]) => messageText(messageBytes(message, 4, 1));
    expect(text(flowMod())).toBe('OFPT_FLOW_MOD (OF1.3) (xid=0x1): ADD actions=drop\n');
    expect(text(flowMod({ command: 'delete' }))).toBe(
      'OFPT_FLOW_MOD (OF1.3) (xid=0x1): DEL table:255 actions=drop\n',
    );
    expect(text(flowRequest())).toBe('OFPST_FLOW request (OF1.3) (xid=0x1):\n');
  });
});
