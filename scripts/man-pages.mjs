/**
 * Writes into dist/man a manual page of each program: docs/man/NAME.SECTION.md with what NAME --help prints in the place
 * of @HELP@, as troff. Of Markdown only what those pages use: headings, paragraphs, indented examples, `code`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
/** Where the programs look for files must not depend on who makes the pages. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OVS_')));

const escaped = (text) => text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
const inline = (text) => escaped(text).replace(/`([^`]+)`/g, '\\fB$1\\fR');
/** A dot or an apostrophe at the start of a line would be a request. */
const plainLines = (lines) => lines.map((line) => (/^[.']/.test(line) ? `\\&${line}` : line)).join('\n');

function example(text) {
  return `.PP\n.nf\n.RS 4\n${plainLines(text.split('\n').map((line) => escaped(line.replace(/^ {4}/, ''))))}\n.RE\n.fi`;
}

function block(text, help) {
  if (text === '@HELP@')
    return `.SH USAGE\n.nf\n${plainLines(escaped(help.trimEnd()).split('\n'))}\n.fi\n${environment}`;
  if (text.startsWith('## ')) return `.SH ${text.slice(3)}`;
  if (text.startsWith('    ')) return example(text);
  return `.PP\n${plainLines(inline(text).split('\n'))}`;
}

const environment = `.SH ENVIRONMENT\n.PP\n${inline(
  'Where files are, instead of the places named here: `OVS_RUNDIR` (sockets and pidfiles), `OVS_DBDIR` (databases), `OVS_LOGDIR` (logs), `OVS_SYSCONFDIR` (for /etc), `OVS_PKGDATADIR` (schemas).',
)}`;

rmSync(`${root}dist/man`, { recursive: true, force: true });
mkdirSync(`${root}dist/man`, { recursive: true });
for (const file of readdirSync(`${root}docs/man`)) {
  const [, name, section] = /^(.*)\.(\d)\.md$/.exec(file) ?? [];
  if (name === undefined) throw new Error(`docs/man/${file}: expected NAME.SECTION.md`);
  const { stdout, status } = spawnSync(`${root}bin/${name}`, ['--help'], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${name} --help ended with ${status}`);
  const [title = '', ...blocks] = readFileSync(`${root}docs/man/${file}`, 'utf8').trimEnd().split(/\n\n+/);
  const head = `.TH ${name.toUpperCase()} ${section} "" "ovs-ts ${version}" "ovs-ts manual"\n.SH NAME\n${escaped(title.slice(2).replace(/^(\S+): /, '$1 - '))}`;
  const body = blocks.map((text) => block(text, stdout));
  writeFileSync(`${root}dist/man/${name}.${section}`, `${[head, ...body].join('\n')}\n`);
}
