/** Bytes as people read them: what the reference's messages show of what they could not understand. */

/** Pairs of hexadecimal digits, with white space before and behind any of them; undefined where there is more. */
export function readHexBytes(text: string): Uint8Array | undefined {
  if (!/^(?:[ \t\r\n]*[0-9a-f]{2})*[ \t\r\n]*$/i.test(text)) return undefined;
  return Uint8Array.from(Buffer.from(text.replaceAll(/[ \t\r\n]/g, ''), 'hex'));
}

const perLine = 16;

/**
 * "00000000  01 02 03 ...  |...|", a line for each sixteen bytes, each with its newline. A line of eight bytes ends
 * in "-" in messages and logs of the reference, and not in what it prints otherwise.
 */
export function hexDump(
  bytes: Uint8Array,
  form: 'with text' | 'without text' | 'of a message' = 'with text',
): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += perLine) {
    const line = bytes.subarray(at, at + perLine);
    let digits = '';
    let characters = '';
    line.forEach((byte, n) => {
      digits += `${byte.toString(16).padStart(2, '0')}${n === perLine / 2 - 1 ? '-' : ' '}`;
      characters += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    });
    const start = `${at.toString(16).padStart(8, '0')}  `;
    text +=
      form === 'with text'
        ? `${start}${digits.padEnd(3 * perLine)}|${characters.padEnd(perLine)}|\n`
        : `${start}${form === 'of a message' ? digits.trimEnd() : digits.slice(0, -1)}\n`;
  }
  return text;
}
