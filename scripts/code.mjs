/**
 * Keeps the code that V8 made of a tool while it ran, beside its script: see bin/start.cjs. `node code.mjs NAME
 * ARGUMENT...` runs the tool and keeps its code when it ends.
 */
import { execFile } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const own = fileURLToPath(import.meta.url);

/** A run of each tool that needs much of what its other commands need. */
const runs = {
  'ovs-ofctl': ['parse-flow', 'tcp,nw_src=10.0.0.0/8,actions=set_field:1->reg0,output:1'],
};

/** Resolves when the code of a tool that was built is there. */
export function keepCode(name) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [own, name, ...(runs[name] ?? ['--version'])], (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

if (process.argv[1] === own) {
  const name = process.argv[2];
  process.argv.splice(1, 2, `${root}bin/${name}`);
  const script = createRequire(import.meta.url)('../bin/start.cjs').runTool(name);
  process.on('exit', () => {
    const file = `${root}dist/${name}.code`;
    writeFileSync(`${file}.new`, script.createCachedData());
    renameSync(`${file}.new`, file);
  });
}
