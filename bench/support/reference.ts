/** What ours is measured beside: the installed Open vSwitch or, by `npm run bench -- --against DIR`, another build of ours. */
import { join } from 'node:path';

const folder = process.env.BENCH_AGAINST;

export const reference = {
  name: folder === undefined ? 'Open vSwitch 3.1' : `ovs-ts in ${folder}`,
  isOurs: folder !== undefined,
  /** The path of one of its daemons. Tools are always the installed ones. */
  daemon(program: string): string {
    return folder === undefined ? program : join(folder, 'bin', program);
  },
};
