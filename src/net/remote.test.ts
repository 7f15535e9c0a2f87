import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyscallFailed } from '../base/errors.ts';
import {
  formatHostPort,
  formatRemote,
  isActiveName,
  isPassiveName,
  readActiveRemote,
  readDatagramRemote,
  readPassiveRemote,
  readRemote,
} from './remote.ts';

const context = { defaultPort: 6640, rundir: '/run/ovs' };

describe('names of remotes', () => {
  test.each([
    ['unix:db.sock', { kind: 'unix', path: '/run/ovs/db.sock' }],
    ['unix:/tmp/a:b', { kind: 'unix', path: '/tmp/a:b' }],
    ['tcp:127.0.0.1', { kind: 'tcp', host: '127.0.0.1', port: 6640 }],
    ['tcp:[::1]:1', { kind: 'tcp', host: '::1', port: 1 }],
    ['ssl:[fe80::1%eth0]', { kind: 'ssl', host: 'fe80::1%eth0', port: 6640 }],
    ['ssl:example.org:7', { kind: 'ssl', host: 'example.org', port: 7 }],
    ['punix:x', { kind: 'punix', path: '/run/ovs/x' }],
    ['ptcp:', { kind: 'ptcp', host: undefined, port: 6640 }],
    ['ptcp:0', { kind: 'ptcp', host: undefined, port: 0 }],
    ['ptcp:1:127.0.0.1', { kind: 'ptcp', host: '127.0.0.1', port: 1 }],
    ['pssl::[::1]', { kind: 'pssl', host: '::1', port: 6640 }],
  ])('%s is read', (text, remote) => {
    expect(readRemote(text, context)).toEqual(remote);
  });

  test.each([
    ['tcp:', 'host must be specified'],
    ['tcp:1.2.3.4:99999', 'bad port number "99999"'],
    ['tcp:1.2.3.4:', 'port must be specified'],
    ['tcp:[::1', 'missing "]"'],
    ['tcp:[::1]x', 'unexpected "x" after "]"'],
    ['ptcp:1:2:3', 'unexpected "3" after the host'],
    ['foo:bar', 'names no known connection method'],
    ['', 'names no known connection method'],
  ])('%s is refused as the reference does, saying why', (text, why) => {
    expect(() => readRemote(text, context)).toThrow(
      `"${text}": ${why}: socket failed (Address family not supported by protocol)`,
    );
  });

  test('active and passive names do not stand for each other', () => {
    expect(() => readActiveRemote('ptcp:1', context)).toThrow('is passive');
    expect(() => readPassiveRemote('tcp:h:1', context)).toThrow('is active');
    expect([isActiveName('unix:x'), isActiveName('punix:x')]).toEqual([true, false]);
    expect([isPassiveName('unix:x'), isPassiveName('pssl:')]).toEqual([false, true]);
  });

  test('random text is read and formats to what reads the same, or is refused', () => {
    const method = fc.constantFrom('unix', 'punix', 'tcp', 'ptcp', 'ssl', 'pssl', 'x');
    const piece = fc.constantFrom('[', ']', ':', '::1', '127.0.0.1', 'host', '80', '65536', '', '%', ' ');
    const text = fc
      .tuple(method, fc.array(fc.oneof(piece, fc.string({ maxLength: 3 }))))
      .map(([m, p]) => `${m}:${p.join('')}`);
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (name) => {
        try {
          const remote = readRemote(name, context);
          const isOdd = remote.kind.endsWith('ix') || /[[\]]/.test(JSON.stringify(remote));
          if (!isOdd) expect(readRemote(formatRemote(remote), context)).toEqual(remote);
        } catch (error) {
          expect(error).toBeInstanceOf(SyscallFailed);
        }
      }),
    );
  });
});

describe('where datagrams go', () => {
  test.each([
    ['192.0.2.1', 6343, { host: '192.0.2.1', port: 6343 }],
    ['192.0.2.1:9', 6343, { host: '192.0.2.1', port: 9 }],
    ['[2001:db8::1]:9', undefined, { host: '2001:db8::1', port: 9 }],
    ['collector.example', 4739, { host: 'collector.example', port: 4739 }],
  ] as const)('%s is read', (text, port, remote) => {
    expect(readDatagramRemote(text, port)).toEqual(remote);
    expect(readDatagramRemote(formatHostPort(remote), undefined)).toEqual(remote);
  });

  test('a port that nobody says is missed', () => {
    expect(() => readDatagramRemote('192.0.2.1', undefined)).toThrow('port must be specified');
  });

  test('any text is read or refused', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.nat(65535), { nil: undefined }), (text, port) => {
        try {
          expect(readDatagramRemote(text, port).host).not.toBe('');
        } catch (why) {
          expect(why).toBeInstanceOf(SyscallFailed);
        }
      }),
    );
  });
});
