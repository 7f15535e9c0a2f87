import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readIpv4, readIpv6 } from '../../base/addresses.ts';
import { seededRandom } from '../../base/random.ts';
import { type Ms, ms } from '../../base/units.ts';
import { ctState } from '../../flow/ct-state.ts';
import { extractKey } from '../../flow/extract.ts';
import { newKey } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import {
  foldSum,
  internetChecksum,
  pseudoHeader4,
  pseudoHeader6,
  sumWords,
  transportChecksum,
} from '../../wire/checksum.ts';
import { etherType } from '../../wire/ethernet.ts';
import { Frame } from '../../wire/frame.ts';
import { ipProtocol, ipv4, ipv6 } from '../../wire/ip.ts';
import { tcp, udp } from '../../wire/transport.ts';
import type { Conntrack, Nat } from '../actions.ts';
import { answerQuery } from '../conntrack/queries.ts';
import { tcpFlag } from '../conntrack/tcp-segment.ts';
import { ConnectionTracker } from '../conntrack/tracker.ts';
import { tupleWord } from '../conntrack/tuple.ts';
import { CurrentPacket } from './current-packet.ts';
import { FrameArena } from './frame-arena.ts';
import { PacketTracking } from './packet-tracking.ts';

const { syn, ack } = tcpFlag;

/** A packet of TCP, or of UDP where there are no flags. */
interface Packet {
  readonly from: string;
  readonly to: string;
  readonly ports: readonly [number, number];
  readonly flags?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly options?: readonly number[];
  readonly text?: string;
}

function bytesOf({
  from,
  to,
  ports,
  flags,
  sequence = 0,
  acknowledgement = 0,
  options = [],
  text = '',
}: Packet) {
  const is4 = !from.includes(':');
  const headerSize = (flags === undefined ? udp.size : tcp.size) + options.length;
  const network = 14;
  const transport = network + (is4 ? ipv4.size : ipv6.size);
  const bytes = new Uint8Array(transport + headerSize + text.length);
  const view = new DataView(bytes.buffer);
  const size = bytes.length - transport;
  const protocol = flags === undefined ? ipProtocol.udp : ipProtocol.tcp;
  view.setUint16(12, is4 ? etherType.ipv4 : etherType.ipv6);
  const read = is4 ? readIpv4 : readIpv6;
  bytes.set(read(from), network + (is4 ? ipv4 : ipv6).offset.src);
  bytes.set(read(to), network + (is4 ? ipv4 : ipv6).offset.dst);
  if (is4) {
    ipv4.set.versionLength(view, network, 0x45);
    ipv4.set.totalSize(view, network, bytes.length - network);
    ipv4.set.ttl(view, network, 64);
    ipv4.set.protocol(view, network, protocol);
    ipv4.set.checksum(view, network, internetChecksum(view, network, ipv4.size));
  } else {
    view.setUint32(network, 0x60000000);
    ipv6.set.payloadSize(view, network, size);
    ipv6.set.nextHeader(view, network, protocol);
    ipv6.set.hopLimit(view, network, 64);
  }
  view.setUint16(transport, ports[0]);
  view.setUint16(transport + 2, ports[1]);
  bytes.set(options, transport + headerSize - options.length);
  bytes.set(Buffer.from(text, 'latin1'), transport + headerSize);
  if (flags === undefined) udp.set.size(view, transport, size);
  else {
    tcp.set.sequence(view, transport, sequence >>> 0);
    tcp.set.acknowledgement(view, transport, acknowledgement >>> 0);
    tcp.set.offsetFlags(view, transport, ((headerSize / 4) << 12) | flags);
    tcp.set.window(view, transport, 0xffff);
  }
  const at = transport + (flags === undefined ? udp : tcp).offset.checksum;
  const pseudo = (is4 ? pseudoHeader4 : pseudoHeader6)(view, network, protocol, size);
  view.setUint16(at, transportChecksum(internetChecksum(view, transport, size, pseudo), protocol));
  return bytes;
}

class Rig {
  readonly tracker = new ConnectionTracker(seededRandom(1));
  now: Ms = ms(0);
  drops = 0;

  track(sent: Packet, request: Partial<Conntrack> = {}) {
    const bytes = bytesOf(sent);
    const host = { vlanLimit: 1, flushOutputs() {}, drop: () => this.drops++ };
    const arena = new FrameArena({ bytes: new Uint8Array(1 << 17), address: 0 });
    const packet = new CurrentPacket(host, arena, new Frame());
    const frame = new Frame(bytes);
    frame.end = bytes.length;
    const key = newKey();
    extractKey(frame, key, 1, 0);
    packet.begin(frame, key, false);
    new PacketTracking({ tracker: this.tracker, now: this.now }, packet).track({ zone: 0, ...request });
    const { view, start, end } = packet.frame;
    const is4 = !sent.from.includes(':');
    const network = start + 14;
    const transport = network + (is4 ? ipv4.size : ipv6.size);
    const size = end - transport;
    const isTcp = sent.flags !== undefined;
    const protocol = isTcp ? ipProtocol.tcp : ipProtocol.udp;
    const pseudo = (is4 ? pseudoHeader4 : pseudoHeader6)(view, network, protocol, size);
    expect(foldSum(sumWords(view, transport, size, pseudo))).toBe(0xffff);
    if (is4) {
      expect(foldSum(sumWords(view, network, ipv4.size))).toBe(0xffff);
      expect(ipv4.get.totalSize(view, network)).toBe(end - network);
    } else expect(ipv6.get.payloadSize(view, network)).toBe(size);
    const headerSize = isTcp ? (tcp.get.offsetFlags(view, transport) >> 12) * 4 : udp.size;
    const state = key[slots.ct_state.word] ?? 0;
    return {
      state: Object.entries(ctState)
        .filter(([, bit]) => (state & bit) !== 0)
        .map(([name]) => name)
        .join(' '),
      mark: key[slots.ct_mark.word],
      original: (key[slots.ct_nw_src.word] ?? 0) >>> 0,
      sequence: isTcp ? tcp.get.sequence(view, transport) : 0,
      acknowledgement: isTcp ? tcp.get.acknowledgement(view, transport) : 0,
      options: [...packet.frame.bytes.subarray(transport + tcp.size, transport + headerSize)],
      source: [...packet.frame.bytes.subarray(network + 12, network + 16)].join('.'),
      destination: [...packet.frame.bytes.subarray(network + 16, network + 20)].join('.'),
      ports: [view.getUint16(transport), view.getUint16(transport + 2)],
      text: Buffer.from(packet.frame.bytes.subarray(transport + headerSize, end)).toString('latin1'),
    };
  }

  /** Opens a control connection to port 21. `nat`: of its first packet. */
  open(client: string, server: string, nat?: Nat, more: Partial<Conntrack> = {}, port = 5000): Session {
    return new Session(this, client, server, nat, more, port);
  }

  connections() {
    return answerQuery(this.tracker, { ask: 'dump', zone: undefined }, this.now);
  }
}

/** What both ends of a control connection have sent so far, each as it counts itself. */
class Session {
  readonly #rig: Rig;
  readonly #client: string;
  readonly #server: string;
  readonly #request: Partial<Conntrack>;
  readonly #port: number;
  /** As seen by the other end. */
  readonly outside: { client: string; server: string; port: number };
  readonly sent = { client: 1000, server: 9000 };

  constructor(
    rig: Rig,
    client: string,
    server: string,
    nat: Nat | undefined,
    more: Partial<Conntrack>,
    port: number,
  ) {
    this.#rig = rig;
    this.#client = client;
    this.#server = server;
    this.#port = port;
    this.#request = {
      ...(nat === undefined ? {} : { nat: {} }),
      ...(more.zone === undefined ? {} : { zone: more.zone }),
    };
    const request = {
      commit: 'commit' as const,
      helper: 'ftp',
      ...(nat === undefined ? {} : { nat }),
      ...more,
    };
    const first = this.#send('client', syn, '', 0, request);
    this.sent.client++;
    const is4 = !client.includes(':');
    this.outside = {
      client: is4 ? first.source : client,
      server: is4 ? first.destination : server,
      port: first.ports[0] ?? 0,
    };
    this.#send('server', syn | ack, '', this.sent.client);
    this.sent.server++;
    this.#send('client', ack, '', this.sent.server);
  }

  /** `acknowledged`: as the sender sees the other end's numbers. */
  say(
    end: 'client' | 'server',
    text: string,
    acknowledged: number,
    request: Partial<Conntrack> = {},
    options: number[] = [],
  ) {
    const seen = this.#send(end, ack, text, acknowledged, { ...this.#request, ...request }, options);
    this.sent[end] += text.length;
    return seen;
  }

  #send(
    end: 'client' | 'server',
    flags: number,
    text: string,
    acknowledgement: number,
    request: Partial<Conntrack> = this.#request,
    options: readonly number[] = [],
  ) {
    const common = { flags, text, acknowledgement, options, sequence: this.sent[end] };
    return this.#rig.track(
      end === 'client'
        ? { from: this.#client, to: this.#server, ports: [this.#port, 21], ...common }
        : { from: this.outside.server, to: this.outside.client, ports: [21, this.outside.port], ...common },
      request,
    );
  }
}

const client = '10.0.0.1';
const server = '10.0.0.2';
const toOutside: Nat = { direction: 'src', range: { min: [192, 168, 100, 200] } };
const dataSyn = (port: number, more: Partial<Packet> = {}): Packet => ({
  from: server,
  to: client,
  ports: [20, port],
  flags: syn,
  ...more,
});

describe('A control connection of FTP', () => {
  test('makes those that it announces related, with its mark and label, and tells of itself', () => {
    const rig = new Rig();
    const label = { value: [1, 2, 3, 4], mask: [-1, -1, -1, -1] };
    const session = rig.open(client, server, undefined, { mark: { value: 7, mask: -1 }, label });
    expect(rig.track(dataSyn(1025)).state).toBe('new tracked');
    session.say('client', 'PORT 10,0,0,1,4,1\r\n', 9001);
    expect(rig.track(dataSyn(1026)).state).toBe('new tracked');
    expect(rig.track(dataSyn(1025), { zone: 1 }).state).toBe('new tracked');
    const first = rig.track(dataSyn(1025));
    expect(first).toMatchObject({ state: 'new related tracked', mark: 7, original: 0x0a000001 });
    const request = { commit: 'commit' as const, mark: { value: 8, mask: -1 } };
    expect(rig.track(dataSyn(1025), request)).toMatchObject({ state: 'new related tracked', mark: 7 });
    const answer = {
      from: client,
      to: server,
      ports: [1025, 20] as const,
      flags: syn | ack,
      acknowledgement: 1,
    };
    expect(rig.track(answer)).toMatchObject({
      state: 'established related reply tracked',
      mark: 7,
      original: 0x0a000001,
    });
    const [control, data] = rig.connections();
    expect(control?.helper).toBe('ftp');
    expect(data).toMatchObject({
      helper: undefined,
      mark: 7,
      label: [1, 2, 3, 4],
      parent: control?.original,
    });
  });

  test.each([
    { text: '227 Entering Passive Mode (10,0,0,2,4,1).\r\n', from: client, to: server, port: 1025 },
    { text: '229 Entering Extended Passive Mode (|||1025|)\r\n', from: client, to: server, port: 1025 },
    { text: '229 Entering Extended Passive Mode (|||1025|)\r\n', from: 'fd00::1', to: 'fd00::2', port: 1025 },
  ])('announces where its server listens: $text', ({ text, from, to, port }) => {
    const rig = new Rig();
    const session = rig.open(from, to);
    session.say('server', text, session.sent.client);
    const packet = { from, to, ports: [4000, port] as const, flags: syn };
    expect(rig.track(packet).state).toBe('new related tracked');
  });

  test('over IPv6 announces where its client listens', () => {
    const rig = new Rig();
    rig.open('fd00::1', 'fd00::2').say('client', 'EPRT |2|fd00::1|1025|\r\n', 9001);
    expect(rig.track({ from: 'fd00::2', to: 'fd00::1', ports: [20, 1025], flags: syn }).state).toBe(
      'new related tracked',
    );
  });

  test('must not announce what is not to its sender, or has no form', () => {
    const rig = new Rig();
    const session = rig.open(client, server);
    expect(session.say('client', 'PORT 10,0,0,3,4,1\r\n', 9001).state).toBe('established invalid tracked');
    expect(session.say('client', 'PORT 10,0,0,1,4\r\n', 9001).state).toBe('established invalid tracked');
    expect(session.say('client', 'NOOP\r\n', 9001).state).toBe('established tracked');
    expect(session.say('client', 'NOOP\r\nPORT 10,0,0,3,4,1\r\n', 9001).state).toBe('established tracked');
    expect(rig.track(dataSyn(1025, { to: '10.0.0.3' })).state).toBe('new tracked');
  });

  test.each([
    { why: 'was committed without', more: { helper: undefined } },
    { why: 'goes to the port of another one', more: { helper: 'tftp' } },
  ])('has no gateway where it $why', ({ more }) => {
    const rig = new Rig();
    // An absent helper and an undefined one mean the same to the tracker.
    const session = rig.open(client, server, undefined, more as Partial<Conntrack>);
    session.say('client', 'PORT 10,0,0,1,4,1\r\n', 9001);
    expect(rig.track(dataSyn(1025)).state).toBe('new tracked');
    expect(rig.connections()[0]?.helper).toBeUndefined();
  });

  test('announces no more once it is forgotten, and expects what was announced no longer', () => {
    const rig = new Rig();
    rig.open(client, server).say('client', 'PORT 10,0,0,1,4,1\r\n', 9001);
    rig.now = ms(1000 * 86400 * 2);
    expect(rig.track(dataSyn(1025)).state).toBe('new tracked');
  });
});

describe('A translated control connection of FTP', () => {
  const port = 'PORT 10,0,0,1,4,1\r\n';
  const outer = 'PORT 192,168,100,200,4,1\r\n';

  test('says its translated address, and numbers behind that follow in both directions', () => {
    const rig = new Rig();
    const session = rig.open(client, server, toOutside);
    const seen = session.say('client', port, 9001);
    expect(seen).toMatchObject({ text: outer, sequence: 1001, source: '192.168.100.200' });
    const growth = outer.length - port.length;
    const end = session.sent.client + growth;
    const block = (number: number) => [
      number >>> 24,
      (number >> 16) & 255,
      (number >> 8) & 255,
      number & 255,
    ];
    const options = (by: number) => [1, 1, 5, 10, ...block(end - by), ...block(end + 4 - by)];
    const answer = session.say('server', '200 PORT\r\n', end, {}, options(0));
    expect(answer).toMatchObject({
      state: 'established reply tracked dnat',
      acknowledgement: session.sent.client,
      sequence: 9001,
      options: options(growth),
    });
    const more = session.say('client', 'LIST\r\n', session.sent.server);
    expect(more).toMatchObject({ state: 'established tracked snat', sequence: end, text: 'LIST\r\n' });
  });

  test('is related to what comes to the translated address, which goes to its client', () => {
    const rig = new Rig();
    rig.open(client, server, toOutside).say('client', port, 9001);
    const packet = dataSyn(1025, { to: '192.168.100.200' });
    expect(rig.track(packet, { nat: {} }).state).toBe('new related tracked');
    expect(rig.track(packet, { nat: {}, commit: 'commit' })).toMatchObject({
      state: 'new related tracked dnat',
      source: server,
      destination: client,
    });
    const answer = {
      from: client,
      to: server,
      ports: [1025, 20] as const,
      flags: syn | ack,
      acknowledgement: 1,
    };
    expect(rig.track(answer, { nat: {} })).toMatchObject({
      state: 'established related reply tracked snat',
      source: '192.168.100.200',
    });
  });

  test('says the same where a command is retransmitted', () => {
    const rig = new Rig();
    const session = rig.open(client, server, toOutside);
    const first = session.say('client', port, 9001);
    session.sent.client -= port.length;
    expect(session.say('client', port, 9001)).toEqual(first);
    expect(session.say('client', 'LIST\r\n', 9001).sequence).toBe(
      session.sent.client - 6 + outer.length - port.length,
    );
  });

  test('says the virtual address of its server', () => {
    const rig = new Rig();
    const nat: Nat = { direction: 'dst', range: { min: [10, 0, 0, 200] } };
    const session = rig.open(client, server, nat);
    const seen = session.say('server', '227 (10,0,0,200,4,1)\r\n', session.sent.client);
    expect(seen.text).toBe('227 (10,0,0,2,4,1)\r\n');
    expect(session.say('client', 'LIST\r\n', session.sent.server - 2).acknowledgement).toBe(
      session.sent.server,
    );
    const data = rig.track(
      { from: client, to: server, ports: [4000, 1025], flags: syn },
      { nat: {}, commit: 'commit' },
    );
    expect(data).toMatchObject({ state: 'new related tracked dnat', destination: '10.0.0.200' });
  });

  test('says another port where another client has the same', () => {
    const rig = new Rig();
    rig.open(client, server, toOutside).say('client', port, 9001);
    const other = rig.open('10.0.0.7', server, toOutside, {}, 5001);
    expect(other.say('client', 'PORT 10,0,0,7,4,1\r\n', 9001).text).toBe('PORT 192,168,100,200,4,2\r\n');
    const packet = dataSyn(1026, { to: '192.168.100.200' });
    expect(rig.track(packet, { nat: {}, commit: 'commit' })).toMatchObject({
      state: 'new related tracked dnat',
      destination: '10.0.0.7',
      ports: [20, 1025],
    });
  });

  test('takes any bytes', () => {
    const piece = fc.oneof(
      fc.constantFrom(port, 'PORT ', '10,0,0,1,', '1,', '\r\n', 'EPRT |1|10.0.0.1|', '|'),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('client' as const, 'server' as const), fc.array(piece)), {
          maxLength: 8,
        }),
        (turns) => {
          const rig = new Rig();
          const session = rig.open(client, server, toOutside);
          for (const [end, pieces] of turns) session.say(end, pieces.join(''), 0);
          expect(rig.drops).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('A request of TFTP', () => {
  const request: Packet = { from: client, to: server, ports: [5000, 69], text: '\0\x01file\0octet\0' };
  const answer: Packet = { from: server, to: client, ports: [6000, 5000], text: '\0\x03\0\x01' };

  test('is answered from another port', () => {
    const rig = new Rig();
    rig.track({ ...request, text: '\0\x03' }, { commit: 'commit', helper: 'tftp' });
    expect(rig.track(answer).state).toBe('new tracked');
    rig.track(request);
    expect(rig.track(answer).state).toBe('new related tracked');
    expect(rig.track(answer, { commit: 'commit' }).state).toBe('new related tracked');
    expect(rig.track({ ...request, ports: [5000, 6000] }).state).toBe('established related reply tracked');
  });

  test('that is translated is answered where its sender asked from', () => {
    const rig = new Rig();
    const nat: Nat = { direction: 'src', range: { min: [10, 0, 0, 9], minPort: 7000 } };
    rig.track(request, { commit: 'commit', helper: 'tftp', nat });
    const outer: Packet = { ...answer, to: '10.0.0.9', ports: [6000, 7000] };
    expect(rig.track(outer, { commit: 'commit', nat: {} })).toMatchObject({
      state: 'new related tracked dnat',
      destination: client,
      ports: [6000, 5000],
    });
    expect(rig.connections()[1]?.parent?.[tupleWord.ports]).toBe(((5000 << 16) | 69) >>> 0);
  });
});
