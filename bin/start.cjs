/**
 * Starts a built program. A tool, which is started for each command, is a script with the code that V8 made of it when
 * it was built, so that it need not be compiled each time. What runs on is a module that shares its parts with others.
 */
const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');

const dist = join(__dirname, '../dist');
/** What a CommonJS module is given. */
const parameters = ['require', 'module', 'exports', '__filename', '__dirname'];

/** Runs a tool; returns its script. Code that another version of Node has made is not taken. */
function runTool(name) {
  const filename = join(dist, `${name}.cjs`);
  const source = `(function (${parameters.join(', ')}) {${readFileSync(filename, 'utf8')}\n})`;
  const code = join(dist, `${name}.code`);
  const script = new Script(source, {
    filename,
    cachedData: existsSync(code) ? readFileSync(code) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(createRequire(filename), module, module.exports, filename, dist);
  return script;
}

/** Runs the program of that name, with the process's arguments. */
function start(name) {
  if (existsSync(join(dist, `${name}.cjs`))) {
    runTool(name);
    return;
  }
  import(`../dist/${name}.js`).catch(async (why) => (await import('./not-built.mjs')).explain(name, why));
}

module.exports = { runTool, start };
