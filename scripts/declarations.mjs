/**
 * Writes into dist/types the declarations that programs which import the package's libraries can reach, and no others:
 * from what their entries export it follows every name, and leaves out what nothing names and what is marked internal.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const entries = ['ovsdb', 'openflow', 'vswitchd/schema', 'testing'].map((folder) => `${folder}/index.d.ts`);

const names = /[A-Za-z_$][\w$]*/g;
/** What are no names of declarations: properties, and text. */
const noNames = /[\w$]+\??:|'[^']*'/g;
/** `export type { a as b, c } from './d.ts'`, and the same with `import`. */
const listed = /^(import|export)( type)? \{([^}]*)\} from '(\.[^']*)\.ts';/;
const whole = /^export (?:type )?\* from '(\.[^']*)\.ts';/;
const inline = /import\("(\.[^"]*)\.ts"\)\.([\w$]+)/g;
const declaration =
  /^(?:export )?(?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|enum) ([\w$]+)/;

/** What a statement begins with, at the start of a line. */
const keyword = /^(import|export|declare|interface|type|abstract|const)\b/;

function lineAfterComment(lines, n) {
  return lines[lines.findIndex((line, at) => at >= n && line.includes('*/')) + 1] ?? '';
}

/** A declaration file as the compiler writes it: every statement begins at the start of a line. */
class DeclarationFile {
  head = [];
  statements = [];
  /** Names that it takes from elsewhere: where, and how they are called there. */
  imports = new Map();
  used = new Set();

  constructor(path) {
    this.path = path;
    const lines = readFileSync(path, 'utf8').split('\n');
    let text = [];
    for (const [n, line] of lines.entries()) {
      const isFirst = line.startsWith('/**') ? keyword.test(lineAfterComment(lines, n)) : keyword.test(line);
      if (isFirst && text.some((before) => keyword.test(before))) {
        this.#add(text.join('\n'));
        text = [];
      }
      if (line.startsWith('/// ')) this.head.push(line);
      else text.push(line);
    }
    this.#add(text.join('\n'));
  }

  #add(text) {
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').trim();
    if (code === '') return;
    const list = listed.exec(code);
    const statement = { text, code, name: declaration.exec(code)?.[1], list, isWhole: whole.test(code) };
    if (list?.[1] === 'import') {
      for (const { local, original } of namesOf(list))
        this.imports.set(local, { file: this.fileOf(list[4]), name: original });
    }
    this.statements.push(statement);
  }

  fileOf(specifier) {
    return join(dirname(this.path), `${specifier}.d.ts`);
  }

  /** What is written of it. */
  print(isEntry) {
    const kept = this.statements.flatMap(({ text, name, list }) => {
      if (list?.[1] !== 'import') return isEntry || name === undefined || this.used.has(name) ? [text] : [];
      const left = namesOf(list).filter(({ local }) => this.used.has(local));
      if (left.length === 0) return [];
      return [
        `import${list[2] ?? ''} { ${left.map(({ text: one }) => one).join(', ')} } from '${list[4]}.ts';`,
      ];
    });
    return [...this.head, ...kept].join('\n');
  }
}

/** The names in the braces of an import or export. */
function namesOf([, , , braces]) {
  return braces
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [original, local = original] = text.replace(/^type /, '').split(' as ');
      return { text, original, local };
    });
}

const files = new Map();

function fileAt(path) {
  if (!files.has(path)) files.set(path, new DeclarationFile(path));
  return files.get(path);
}

/** Marks a name of a file as used, and all that its declaration names. */
function use(path, name) {
  const file = fileAt(path);
  if (file.used.has(name)) return;
  file.used.add(name);
  const imported = file.imports.get(name);
  if (imported !== undefined) use(imported.file, imported.name);
  for (const statement of file.statements) {
    if (statement.name === name) useAllIn(file, statement);
    if (statement.list?.[1] === 'export' && namesOf(statement.list).some(({ local }) => local === name))
      useAllIn(file, statement);
  }
}

function useAllIn(file, { code, list, isWhole }) {
  if (list?.[1] === 'export') {
    for (const { original } of namesOf(list)) use(file.fileOf(list[4]), original);
  } else if (isWhole) {
    const other = file.fileOf(whole.exec(code)[1]);
    for (const one of fileAt(other).statements) {
      if (one.name !== undefined && one.code.startsWith('export ')) use(other, one.name);
      else if (one.list?.[1] === 'export' || one.isWhole) useAllIn(fileAt(other), one);
    }
  } else {
    for (const [, specifier, name] of code.matchAll(inline)) use(file.fileOf(specifier), name);
    for (const [name] of code.replace(noNames, '').matchAll(names)) {
      if (file.imports.has(name) || file.statements.some((one) => one.name === name)) use(file.path, name);
    }
  }
}

const emitted = mkdtempSync(join(tmpdir(), 'ovs-ts-types-'));
try {
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const args = [tsc, '-p', `${root}tsconfig.types.json`, '--outDir', emitted];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  const roots = entries.map((entry) => join(emitted, entry));
  for (const path of roots) {
    for (const statement of fileAt(path).statements) {
      if (statement.name !== undefined) use(path, statement.name);
      else if (statement.list?.[1] !== 'import') useAllIn(fileAt(path), statement);
    }
  }
  const out = `${root}dist/types`;
  rmSync(out, { recursive: true, force: true });
  for (const [path, file] of files) {
    const target = join(out, relative(emitted, path));
    mkdirSync(dirname(target), { recursive: true });
    // Compilers before 5.7 know no imports of ".ts"
    const text = file.print(roots.includes(path));
    writeFileSync(target, text.replace(/((?:from|import\() ?['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
  }
} finally {
  rmSync(emitted, { recursive: true });
}
