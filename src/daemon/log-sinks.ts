/**
 * Where log lines end: standard error, a file, syslog. Installed by `log-control.ts`.
 */

import type { Socket } from 'node:dgram';
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { SyscallFailed } from '../base/errors.ts';
import { existsSync, openSync } from '../base/files.ts';
import { encodeText } from '../base/text.ts';
import { UnixDatagramSocket } from '../sys/calls/unix-datagram.ts';

/** Takes finished lines, without their newline. Failures are swallowed: a log must not stop a switch. */
export interface LineSink {
  write(line: string): void;
}

/** Standard error, synchronously: the line is out even when the process ends right after. */
export const consoleSink: LineSink = {
  write: (line) => writeAll(2, `${line}\n`),
};

/** An open log file, appended to. */
export class LogFileSink implements LineSink {
  readonly #fd: number;

  /** Throws Node's error when the file cannot be opened. */
  constructor(path: string) {
    this.#fd = openSync(path, 'a', 0o660);
  }

  /** Do both end in the same file? */
  isSame(other: LogFileSink): boolean {
    const [mine, theirs] = [fstatSync(this.#fd), fstatSync(other.#fd)];
    return mine.dev === theirs.dev && mine.ino === theirs.ino;
  }

  write(line: string): void {
    writeAll(this.#fd, `${line}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Sends each line as one datagram to a syslog server. */
export class UdpSyslog implements LineSink {
  readonly #host: string;
  readonly #port: number;
  readonly #socket: Socket;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
    const { createSocket } = process.getBuiltinModule('node:dgram'); // rarely needed
    this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#socket.on('error', () => {});
    this.#socket.unref();
  }

  write(line: string): void {
    this.#socket.send(encodeText(line), this.#port, this.#host, () => {});
  }
}

/** Sends each line as one datagram to a socket of this host, whenever one is there. */
export class UnixSyslog implements LineSink {
  readonly #path: string;
  #socket: UnixDatagramSocket | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  write(line: string): void {
    if (this.#socket?.send(line) === true) return;
    this.#reconnect()?.send(line); // whoever listens may have been started anew
  }

  #reconnect(): UnixDatagramSocket | undefined {
    this.#socket?.close();
    this.#socket = undefined;
    if (!existsSync(this.#path)) return undefined;
    try {
      this.#socket = new UnixDatagramSocket(this.#path);
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
    }
    return this.#socket;
  }
}

function writeAll(fd: number, text: string): void {
  try {
    let rest = encodeText(text);
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  } catch {
    // full disk, closed terminal: there is nowhere left to say so
  }
}
