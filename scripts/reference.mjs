/**
 * `npm run docs`: writes docs/openflow-messages.md, docs/openflow-actions.md, docs/openflow-fields.md and docs/drops.md from
 * the declarations. With --check it only says which of them are behind.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;

/** The declarations are TypeScript. */
async function load() {
  const contents = `
    export { messages } from './src/openflow/messages/index.ts';
    export { actions } from './src/openflow/actions/index.ts';
    export { dropList } from './src/ofproto/drops/drop-list.ts';
    export { fields } from './src/flow/fields/index.ts';
    export { versionText } from './src/openflow/versions.ts';`;
  const stdin = { contents, resolveDir: root, loader: 'ts' };
  const options = { bundle: true, write: false, format: 'esm', platform: 'node', packages: 'external' };
  const { outputFiles } = await build({ stdin, ...options });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

const { messages, actions, fields, versionText, dropList } = await load();

function page(title, about, heads, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  const table = [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
  return `# ${title}\n\nWritten by \`npm run docs\` from the declarations.\n\n${about}\n\n${table}\n`;
}

const owners = {
  OFPT: 'message',
  OFPST: 'multipart',
  NXT: 'Nicira',
  NXST: 'Nicira multipart',
  ONFT: 'ONF',
  ONFST: 'ONF multipart',
};
const code = (text) => `\`${text}\``;
const rangeText = (range) =>
  range === 'all' ? 'all' : range.replace('+', ' and later').replace('-', ' to ');

function sizeText([least, step]) {
  if (step === 0) return String(least);
  return step === 1 ? `${least} or more` : `${least} and any multiple of ${step}`;
}

function messagePage() {
  const source = readFileSync(`${root}src/openflow/messages/values.ts`, 'utf8');
  const types = new Map(
    [...source.matchAll(/^ {2}readonly (\w+): (.*);$/gm)].map(([, name, type]) => [name, type]),
  );
  const rows = messages.flatMap(({ name, forms }) =>
    forms.map(({ wire, as, size }, n) => {
      const [kind, range, number, direction] = wire.split(' ');
      const bare = as ?? (direction === undefined ? name : name.replace(/_[A-Z]+$/, ''));
      const form = `${kind}_${bare}${direction === undefined ? '' : ` ${direction}`}`;
      const value = types.get(name);
      const isFirst = n === 0;
      return [
        isFirst ? code(name) : '',
        isFirst ? (value === 'undefined' ? 'none' : code(value)) : '',
        code(form),
        `${owners[kind]} ${number}`,
        rangeText(range),
        sizeText(size),
      ];
    }),
  );
  return page(
    'Messages of OpenFlow',
    `Each with the type of its value in \`ovs-ts/openflow\`, and its forms: how a form is printed and asked for, whose number
it has, the versions that have it, and the bytes behind its header. Of several that a version has the first is sent.`,
    ['message', 'value', 'form', 'number', 'OpenFlow', 'bytes'],
    rows,
  );
}

function actionPage() {
  const rows = actions.flatMap(({ name, words, forms, instruction, sentAs, isForTests }) => {
    const notes = [
      instruction === undefined ? '' : 'an instruction since 1.1',
      sentAs === undefined ? '' : 'said by other actions where a version lacks it',
      isForTests ? 'for tests of a switch' : '',
      words.length === 0 ? 'only in lists that are left of paused packets' : '',
    ];
    const first = [code(name), words.map(code).join(', '), notes.filter((note) => note !== '').join('; ')];
    if (forms.length === 0) return [[...first, '', '']];
    return forms.map(({ wire }, n) => {
      const [whose, range, number] = wire.split(' ');
      const owner = { OF: '', NX: 'Nicira ', ONF: 'ONF ' }[whose];
      return [...(n === 0 ? first : ['', '', '']), `${owner}${number}`, rangeText(range)];
    });
  });
  return page(
    'Actions of OpenFlow',
    `Each with the words that begin its text in ovs-actions(7), and its numbers on the wire in the versions that have them.`,
    ['action', 'text', '', 'number', 'OpenFlow'],
    rows,
  );
}

/** "NXM_NX_REG0 (1, 0)" */
function numberText({ name, oxmClass, number, experimenter, since }) {
  const whose =
    oxmClass === 0xffff
      ? `0x${experimenter.toString(16).padStart(8, '0')}`
      : `0x${oxmClass.toString(16).padStart(4, '0')}`;
  return `${name} (${whose}, ${number}${since === 1 ? '' : `, ${versionText(since)} and later`})`;
}

const maskText = { exact: 'none', cidr: 'a prefix', bits: 'any' };

function fieldRow({ name, aliases = [], width, mask, needs, numbers, isWritable, inMatch10, inMatch11 }) {
  const fixed = [inMatch10 === undefined ? [] : ['1.0'], inMatch11 === undefined ? [] : ['1.1']].flat();
  return {
    name,
    numbers: numbers.map(numberText),
    rest: [
      aliases.map(code).join(', '),
      width,
      maskText[mask],
      needs ?? '',
      isWritable ? 'yes' : 'no',
      fixed.join(', '),
    ],
  };
}

/** Fields of the same kind that are numbered, in one row. */
function joined(rows) {
  const runs = [];
  for (const row of rows) {
    const stem = /^(.*?)\d+$/.exec(row.name)?.[1];
    const last = runs.at(-1);
    const isNext = stem !== undefined && last?.stem === stem && last.first.rest.join() === row.rest.join();
    if (isNext) last.end = row;
    else runs.push({ stem, first: row, end: row });
  }
  return runs.map(({ first, end }) => {
    const isOne = first === end;
    const name = isOne ? code(first.name) : `${code(first.name)} to ${code(end.name)}`;
    const numbers = first.numbers.map((text, n) => (isOne ? text : `${text} to ${end.numbers[n]}`));
    return [name, ...first.rest, numbers.join('<br>')];
  });
}

function fieldPage() {
  return page(
    'Fields of OpenFlow',
    `What packets can be matched on, by the names of ovs-fields(7): the bits of a value, which masks a match may have, what the
rest of a match must say first, whether actions may write it, whether the fixed matches of OpenFlow 1.0 and 1.1 have it, and
its numbers as OXM or NXM (class or experimenter, number).`,
    ['field', 'also', 'bits', 'mask', 'needs', 'writable', 'fixed match', 'numbers'],
    joined([...fields.values()].map(fieldRow)),
  );
}

function dropPage() {
  return page(
    'Why packets are dropped',
    `Every packet that is dropped is counted under one of these names: by a bridge for what its flows say, by the datapath that
runs them, or by a device. \`ovs-appctl dpif/show-drops [bridge]\` shows the counts by bridge and by the port that the packet
came into it by (of a device that did not send it, that one), with \`-f json\` as an array of objects.

\`ovs-appctl drops/monitor [OPTION...] [bridge] [match]\` shows dropped packets as they come: when, where and why, the table and
the flow that they met, the action that was being done, and the packet. The match is one of ovs-ofctl(8), of packets as
they came into the bridge that dropped them; \`table=\` tells where they were looked up last. With \`-f json\` each packet is
one line of JSON. It ends with a count, also of packets that were not shown since there were too many. Options:

- \`--count=N\`: end after so many packets; \`--for=SECONDS\`: after that time. Else it goes on until it is interrupted.
- \`--rate=N\`: packets a second at most, 100 unless given; as many may come at once.
- \`--head=BYTES\`: so much of each packet, 64 bytes unless given.
- \`--pcap=FILE\`: the daemon also writes a pcapng file, which is made anew, with what is told of each packet as its comment, and
  2048 bytes of each unless \`--head\` is given.

The ovs-appctl of Open vSwitch shows nothing before the end, so with it one of the first two must be given, and there are
10 000 packets at most. What it costs: a copy of each packet that is shown; forwarding goes on at its rate (bench/README.md).

\`ovs-appctl coverage/show\` has the counters of Open vSwitch. What a datapath flow drops is counted there as
\`drop_action_of_pipeline\`, unless the table names another counter.`,
    ['reason', 'by', 'what happened', 'coverage counter'],
    dropList.map(({ reason, place, text, coverage }) => [
      code(reason),
      place,
      text,
      coverage === undefined ? '' : code(coverage),
    ]),
  );
}

const pages = {
  'openflow-messages': messagePage,
  'openflow-actions': actionPage,
  'openflow-fields': fieldPage,
  drops: dropPage,
};
for (const [name, write] of Object.entries(pages)) {
  const file = `docs/${name}.md`;
  const text = write();
  if (process.argv[2] !== '--check') writeFileSync(root + file, text);
  else if (readFileSync(root + file, 'utf8') !== text) {
    process.stderr.write(`${file} is behind the declarations; run: npm run docs\n`);
    process.exitCode = 1;
  }
}
