import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';

test.each([
  ['docs/differences.md says what the comments say', 'differences'],
  ['docs/openflow-*.md say what the declarations say', 'reference'],
])('%s', (_, script) => {
  const args = [`scripts/${script}.mjs`, '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

describe('docs/style.md', () => {
  const page = readFileSync('docs/style.md', 'utf8');
  const excerpts = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)];

  it('names the file of each excerpt', () => {
    expect(excerpts).toHaveLength([...page.matchAll(/^```ts$/gm)].length);
  });

  test.each(excerpts.map(([, file = '', text = '']) => [file, text] as const))('quotes %s', (file, text) => {
    expect(readFileSync(file, 'utf8')).toContain(text);
  });
});

describe('src/README.md', () => {
  const page = readFileSync('src/README.md', 'utf8');
  /** What a row says that its folder may import. */
  const told = new Map(
    [...page.matchAll(/^\| \[(\w+)\].* \| ([^|]*) \|$/gm)].map(([, folder = '', list = '']) => [
      folder,
      list,
    ]),
  );
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());

  it('has a row for each folder', () => {
    expect([...told.keys()].sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('says of imports what the lint rules say', () => {
    const rules = [
      ...readFileSync('biome.json', 'utf8').matchAll(/src\/(\w+) may import only: (.*) \(src\/README/g),
    ];
    const enforced = rules.map(([, folder = '', list = '']) => {
      const others = list.split(', ').filter((name) => name !== folder);
      return [folder, others] as const;
    });
    for (const [folder, others] of enforced) {
      const words = told.get(folder);
      if (words === 'all above') continue;
      expect(words?.split(', ').filter((word) => word !== 'nothing')).toEqual(others);
    }
    expect(enforced.map(([folder]) => folder).sort()).toEqual(
      [...told.keys()].filter((folder) => told.get(folder) !== 'everything').sort(),
    );
  });
});
