/** `dpctl/cache-*` and `dpctl/offload-stats-show`: our datapaths have no cache whose size can be set, and no hardware. */
import { errnos } from '../../../base/errno.ts';
import { datapathName } from '../../../ofproto/views/datapath.ts';
import type { Switch } from '../../switch.ts';
import { allDatapaths, openDatapath, optionalDatapath } from './datapaths.ts';
import { type DpctlCommand, failure } from './request.ts';

export function cacheCommands(aSwitch: Switch): DpctlCommand[] {
  const open = (name: string) => openDatapath(aSwitch, name, `Opening datapath ${name} failed`);
  return [
    {
      name: 'cache-get-size',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run([name], _flags, answer) {
        const names = (name === undefined ? allDatapaths(aSwitch) : [open(name)]).map(datapathName);
        answer.print(names.map((each) => `${each}:\n`).join(''));
        answer.json = names.map((each) => ({ name: each, caches: [] }));
      },
    },
    {
      name: 'cache-set-size',
      usage: 'dp cache <size>',
      minArgs: 3,
      maxArgs: 3,
      run([name = '', _cache, size = '']) {
        if (!/^\s*\d/.test(size)) throw failure('size is malformed', errnos.EINVAL);
        open(name);
        throw failure('Setting caches not supported', errnos.EOPNOTSUPP);
      },
    },
    {
      name: 'offload-stats-show',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run(args) {
        optionalDatapath(aSwitch, args, 1);
        throw failure('retrieving offload statistics', errnos.EINVAL);
      },
    },
  ];
}
