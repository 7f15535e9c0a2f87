/** Standard output of the command line tools, written before the process ends, whatever it is connected to. */
import { writeSync } from 'node:fs';
import { encodeText } from '../base/text.ts';

export function printOut(text: string): void {
  const bytes = encodeText(text);
  for (let at = 0; at < bytes.length; ) at += writeSome(bytes, at);
}

/** How many bytes the kernel took; a full pipe is tried again. A reader that went away is no error of ours. */
function writeSome(bytes: Buffer, at: number): number {
  try {
    return writeSync(1, bytes, at);
  } catch (why) {
    const code = why instanceof Error && 'code' in why ? why.code : undefined;
    if (code === 'EAGAIN') return 0;
    if (code === 'EPIPE') return bytes.length;
    throw why;
  }
}
