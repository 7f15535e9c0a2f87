/** Frames into the dummy devices of a running switch, and out of the captures of what they sent. */
import { readFileSync } from 'node:fs';
import { UnixctlClient } from '../../../src/daemon/unixctl-client.ts';

/** A dummy device queues a hundred frames. */
const framesACommand = 50;
const pcapHeaderSize = 24;
const recordHeaderSize = 16;

export class DummyFeed implements Disposable {
  readonly #control: UnixctlClient;

  private constructor(control: UnixctlClient) {
    this.#control = control;
  }

  static async open({ controlSocket }: { readonly controlSocket: string }): Promise<DummyFeed> {
    return new DummyFeed(await UnixctlClient.connect(controlSocket));
  }

  /** A command's answer; throws when it is refused. */
  async ask(name: string, ...args: string[]): Promise<string> {
    const answer = await this.#control.command(name, args);
    if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
    return String(answer.result);
  }

  /** Brings frames in by a port, in hexadecimal; resolves when the datapath has dealt with them. */
  async receive(port: string, frames: readonly string[]): Promise<void> {
    for (let at = 0; at < frames.length; at += framesACommand) {
      const some = frames.slice(at, at + framesACommand);
      const wanted = (await this.#lookupCount()) + some.length;
      await this.ask('netdev-dummy/receive', port, ...some);
      while ((await this.#lookupCount()) < wanted);
    }
  }

  [Symbol.dispose](): void {
    this.#control.close();
  }

  async #lookupCount(): Promise<number> {
    const [, ...counts] = /hit:(\d+) missed:(\d+) lost:(\d+)/.exec(await this.ask('dpctl/show')) ?? [];
    return counts.reduce((sum, count) => sum + Number(count), 0);
  }
}

/** The frames of a capture file that a little-endian machine wrote, in hexadecimal. */
export function readCapture(path: string): string[] {
  const bytes = readFileSync(path);
  const frames: string[] = [];
  for (let at = pcapHeaderSize; at < bytes.length; ) {
    const size = bytes.readUInt32LE(at + 8);
    at += recordHeaderSize;
    frames.push(bytes.toString('hex', at, at + size));
    at += size;
  }
  return frames;
}
