import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Names that stand for several things, in layers whose users never meet, with the reason of each. */
const allowed: Readonly<Record<string, string>> = {
  connect:
    'what the packages ovs-ts/ovsdb and ovs-ts/openflow are entered by; a program imports it by its package',
  Datapath:
    'a table of the database is declared under the name that it has there; the other is the interface of providers',
  u8: 'an integer of 8 bits where packet headers (src/wire) and where structures of OpenFlow are declared',
  u16: 'the same of 16 bits',
  u32: 'the same of 32 bits',
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);
const texts = new Map(files.map((file) => [file, readFileSync(`src/${file}`, 'utf8')]));

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) ([A-Za-z_$][\w$]*)/gm;

/** The files that declare and export each name; overloads, and a type beside its value, count once. */
function declaredIn(sources: ReadonlyMap<string, string>): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const [file, text] of sources) {
    for (const name of new Set([...text.matchAll(declaration)].map(([, found]) => found ?? '')))
      places.set(name, [...(places.get(name) ?? []), file]);
  }
  return places;
}

function repeated(sources: ReadonlyMap<string, string>): [name: string, files: string[]][] {
  return [...declaredIn(sources)].filter(([, found]) => found.length > 1);
}

/** The files that a file imports that name from. */
function sourcesOf(file: string, text: string, name: string): string[] {
  return [...text.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']*)'/gm)].flatMap(
    ([, names = '', path = '']) =>
      names.split(',').some(
        (one) =>
          one
            .trim()
            .replace(/^type /, '')
            .split(' as ')[0] === name,
      )
        ? join(dirname(file), path)
        : [],
  );
}

describe('an exported name of src', () => {
  it('stands for one thing, except where it is right in two layers', () => {
    const unexpected = repeated(texts).filter(([name]) => allowed[name] === undefined);
    expect(unexpected.map(([name, found]) => `${name}: ${found.join(', ')}`)).toEqual([]);
    expect(
      repeated(texts)
        .map(([name]) => name)
        .sort(),
    ).toEqual(Object.keys(allowed).sort());
  });

  it.each(Object.keys(allowed))('%s means one thing to each file', (name) => {
    for (const [file, text] of texts) expect(sourcesOf(file, text, name).length, file).toBeLessThan(2);
  });

  it('is not given another name on its way out', () => {
    for (const [file, text] of texts) {
      for (const [, names = ''] of text.matchAll(/^export (?:type )?\{([^}]*)\}/gm))
        expect(names, file).not.toContain(' as ');
    }
  });

  it('is found by this test wherever it is declared', () => {
    const sources = new Map([
      [
        'a.ts',
        'export interface One {}\nexport const One = 1;\nexport async function two() {}\nconst three = 3;',
      ],
      ['b.ts', 'export abstract class One {}\nexport type two = 2;\nexport const three = 3;'],
    ]);
    expect(repeated(sources)).toEqual([
      ['One', ['a.ts', 'b.ts']],
      ['two', ['a.ts', 'b.ts']],
    ]);
    expect(sourcesOf('x/c.ts', "import {\n  type One,\n  two as both,\n} from '../a.ts';", 'two')).toEqual([
      'a.ts',
    ]);
  });
});
