/**
 * Standard output and standard error of every program: written before the call returns, whatever they are connected
 * to, so that nothing is lost when the process ends right after. Standard output that is closed fails like a full
 * device; the files in bin see to it that Node does not open /dev/null in its place.
 * Differs: every program says so when its output could not be written. Of the reference's, ovsdb-client and ovsdb-tool
 * do, for output larger than a buffer; the others end as if it had been.
 */
import { writeSync } from 'node:fs';
import { VswitchError } from '../base/errors.ts';
import { encodeText } from '../base/text.ts';

/** Standard output cannot be written: a full device, a pipe that nobody reads. */
export class OutputFailed extends VswitchError {
  override readonly name = 'OutputFailed';
  override readonly code = 'OUTPUT_FAILED';
}

/** What a pipe that nobody reads any more means: a failure, the end by SIGPIPE as for any filter, or nothing. */
export type BrokenPipe = 'fails' | 'ends' | 'is ignored';

/** Throws OutputFailed when the text cannot be written. */
export function printOut(text: string, brokenPipe: BrokenPipe = 'fails'): void {
  const why = writeAll(1, text);
  if (why === undefined) return;
  if (why === 'EPIPE' && brokenPipe === 'is ignored') return;
  if (why === 'EPIPE' && brokenPipe === 'ends') endBySigpipe();
  throw new OutputFailed('write to stdout failed');
}

/** A failure is not reported: there is nowhere left to do so. */
export function printError(text: string): void {
  writeAll(2, text);
}

/** Returns the name of the error that kept the text from being written. */
function writeAll(fd: number, text: string): string | undefined {
  const bytes = encodeText(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (why) {
      const code = why instanceof Error && 'code' in why ? String(why.code) : undefined;
      if (code === undefined) throw why;
      if (code !== 'EAGAIN') return code;
      Atomics.wait(pause, 0, 0, 1); // a full pipe in non-blocking mode: its reader needs a moment
    }
  }
  return undefined;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Node ignores SIGPIPE; removing a listener gives a signal its default effect back. */
function endBySigpipe(): void {
  const none = () => {};
  process.on('SIGPIPE', none);
  process.off('SIGPIPE', none);
  process.kill(process.pid, 'SIGPIPE');
}
