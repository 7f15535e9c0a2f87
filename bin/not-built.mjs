/** What a program says where its code or a package is missing: in a clone that was not built, or is being built. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Ends the program with the remedy; what is no missing module is thrown on. */
export function explain(name, why) {
  if (why?.code !== 'ERR_MODULE_NOT_FOUND') throw why;
  const missing = why.message.replace(/ imported from .*/s, '');
  const remedy = existsSync(`${root}package-lock.json`)
    ? `not built yet? Run in ${root}: npm ci && npm run build`
    : 'ovs-ts is not installed whole; install it again';
  process.stderr.write(`${name}: ${missing}: ${remedy}\n`);
  process.exitCode = 1;
}
