/**
 * `npm run docs`: writes docs/differences.md from the comments that say `Differs:`. With --check it only says whether
 * the file is behind the comments.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const file = `${root}docs/differences.md`;

/** A remark goes on until its comment ends or an empty comment line. */
function remarksOf(path) {
  const remarks = [];
  let open;
  for (const line of readFileSync(root + path, 'utf8').split('\n')) {
    const comment = /^\s*(?:\/\*\*?|\*(?!\/)|\/\/)\s?(.*?)\s*(?:\*\/)?$/.exec(line)?.[1];
    const start = comment === undefined ? -1 : comment.indexOf('Differs: ');
    if (start >= 0) {
      open = [comment.slice(start + 9)];
      remarks.push(open);
    } else if (comment) open?.push(comment);
    else open = undefined;
  }
  return remarks.map((lines) => lines.join(' '));
}

function differences() {
  const sources = readdirSync(`${root}src`, { recursive: true }).filter(
    (f) => f.endsWith('.ts') && !f.endsWith('.test.ts'),
  );
  const rows = sources.sort().flatMap((f) => remarksOf(`src/${f}`).map((text) => `- ${text} (src/${f})`));
  return `# Where we differ from Open vSwitch on purpose\n\nWritten by \`npm run docs\` from the comments in the code.\n\n${rows.join('\n')}\n`;
}

if (process.argv[2] !== '--check') writeFileSync(file, differences());
else if (readFileSync(file, 'utf8') !== differences()) {
  process.stderr.write('docs/differences.md is behind the comments; run: npm run docs\n');
  process.exit(1);
}
