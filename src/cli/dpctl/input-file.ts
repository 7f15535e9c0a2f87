/** Standard input as a file that the daemon can read: it is the daemon that reads files of flows. */
import { chownSync, mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rmSync, statSync, writeFileSync } from '../../base/files.ts';

const standardInput = 0;

/** Beside the control socket, and its owner's. */
export class InputFile implements Disposable {
  readonly path: string;
  readonly #folder: string;

  constructor(socket: string) {
    const text = readFileSync(standardInput);
    this.#folder = mkdtempSync(join(dirname(socket), 'ovs-dpctl-'));
    this.path = join(this.#folder, 'flows');
    writeFileSync(this.path, text, { mode: 0o600 });
    const { uid, gid } = statSync(socket);
    if (process.geteuid?.() !== 0) return;
    for (const path of [this.path, this.#folder]) chownSync(path, uid, gid);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
