/** `dpctl/add-dp` and its like: datapaths and ports made by hand. */

import { errnos } from '../../../base/errno.ts';
import { SyscallFailed, VswitchError } from '../../../base/errors.ts';
import { dpPort } from '../../../base/units.ts';
import type { Netdev } from '../../../netdev/provider.ts';
import { datapathPorts } from '../../../ofproto/views/datapath.ts';
import type { BareDatapath } from '../../bare-datapath.ts';
import type { Switch } from '../../switch.ts';
import {
  type AnyDatapath,
  allDatapaths,
  isBare,
  numberOfPort,
  openDatapath,
  splitName,
} from './datapaths.ts';
import { type DpctlAnswer, type DpctlCommand, each, failure } from './request.ts';

/** Every datapath has a port of its own, which stays. */
const localPort = 0;

export function portCommands(aSwitch: Switch): DpctlCommand[] {
  const many = { minArgs: 2, maxArgs: Number.POSITIVE_INFINITY };
  return [
    {
      name: 'add-dp',
      usage: 'dp [iface...]',
      minArgs: 1,
      maxArgs: Number.POSITIVE_INFINITY,
      async run(args, _flags, answer) {
        await addDatapath(aSwitch, args[0] ?? '');
        if (args.length > 1) await eachPort(aSwitch, args, answer, addPort);
      },
    },
    {
      name: 'del-dp',
      usage: 'dp',
      minArgs: 1,
      maxArgs: 1,
      async run([dp = '']) {
        const any = openDatapath(aSwitch, dp);
        // Differs: `dpctl/del-dp` refuses a datapath that bridges use; the reference removes it, and the bridges fail.
        if (!isBare(any)) throw failure('del_dp', errnos.EBUSY);
        await aSwitch.bareDatapaths.remove(any);
      },
    },
    {
      name: 'add-if',
      usage: 'dp iface...',
      ...many,
      run: (args, _flags, answer) => eachPort(aSwitch, args, answer, addPort),
    },
    {
      name: 'set-if',
      usage: 'dp iface...',
      ...many,
      run: (args, _flags, answer) => eachPort(aSwitch, args, answer, setPort),
    },
    {
      name: 'del-if',
      usage: 'dp iface...',
      ...many,
      run: (args, _flags, answer) => eachPort(aSwitch, args, answer, removePort),
    },
  ];
}

/** One port of a datapath, as an argument names it. */
interface PortWork {
  readonly aSwitch: Switch;
  readonly any: AnyDatapath;
  /** What the datapath was called. */
  readonly dp: string;
  readonly text: string;
  readonly answer: DpctlAnswer;
}

function eachPort(
  aSwitch: Switch,
  [dp = '', ...ports]: readonly string[],
  answer: DpctlAnswer,
  act: (work: PortWork) => Promise<void>,
): Promise<void> {
  const any = openDatapath(aSwitch, dp);
  return each(ports, answer, (text) => act({ aSwitch, any, dp, text, answer }));
}

async function addDatapath(aSwitch: Switch, text: string): Promise<void> {
  const { type, name } = splitName(text);
  if (!aSwitch.providers.datapathTypes.includes(type)) throw failure('add_dp', errnos.EAFNOSUPPORT);
  const present = allDatapaths(aSwitch).find(({ datapath }) => datapath.name === name);
  if (present !== undefined)
    throw failure('add_dp', present.datapath.type === type ? errnos.EEXIST : errnos.EINVAL);
  try {
    await aSwitch.bareDatapaths.create(type, name);
  } catch (why) {
    throw why instanceof SyscallFailed ? failure('add_dp', why) : why;
  }
}

/** "eth0,type=system,port_no=3,key=value" */
interface PortArgument {
  readonly name: string;
  readonly type: string | undefined;
  readonly number: number | undefined;
  readonly options: ReadonlyMap<string, string>;
}

function readPort(text: string, answer: DpctlAnswer): PortArgument {
  const [name, ...settings] = text.split(',').filter((part) => part !== '');
  if (name === undefined) throw failure(`${text} is not a valid network device name`);
  const options = new Map<string, string>();
  for (const setting of settings) {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(setting) ?? [];
    if (options.has(key)) answer.warn(failure(`duplicate "${key}" option`));
    else options.set(key, value);
  }
  const { type, port_no, ...rest } = Object.fromEntries(options);
  const number = port_no === undefined ? undefined : Number.parseInt(port_no, 10) || 0;
  return { name, type, number, options: new Map(Object.entries(rest)) };
}

async function addPort({ aSwitch, any, dp, text, answer }: PortWork): Promise<void> {
  const port = readPort(text, answer);
  const failed = `adding ${port.name} to ${dp} failed`;
  if (numberOfPort(any, port.name) !== undefined) throw failure(failed, errnos.EEXIST);
  // Differs: `dpctl/add-if` refuses the datapath of a bridge, whose ports the database names; the reference adds the
  // port and takes it out again when it next looks.
  if (!isBare(any)) throw failure(failed, errnos.EOPNOTSUPP);
  if (port.number !== undefined && datapathPorts(any).has(port.number)) throw failure(failed, errnos.EBUSY);
  const netdev = await openNetdev(aSwitch, any, port);
  try {
    await any.addPort(netdev, port.number === undefined ? undefined : dpPort(port.number));
    await netdev.setUp(true);
  } catch (why) {
    throw why instanceof SyscallFailed ? failure(failed, why) : why;
  }
}

async function openNetdev(
  aSwitch: Switch,
  { datapath }: BareDatapath,
  { name, type = 'system', options }: PortArgument,
): Promise<Netdev> {
  const config = { options, mac: undefined, mtuRequest: undefined };
  try {
    return await aSwitch.providers.openNetdev(type, name, config, datapath.type);
  } catch (why) {
    throw why instanceof VswitchError ? failure(`${name}: failed to open network device`, why) : why;
  }
}

async function setPort({ any, dp, text, answer }: PortWork): Promise<void> {
  const { name, options, ...wanted } = readPort(text, answer);
  const number = numberOfPort(any, name);
  if (number === undefined) throw failure(`${name}: failed to query port in ${dp}`, errnos.ENODEV);
  const type = datapathPorts(any).get(number)?.type ?? '';
  if ((wanted.type ?? type) !== type)
    throw failure(`${name}: can't change type from ${type} to ${wanted.type}`);
  if ((wanted.number ?? number) !== number)
    throw failure(`${name}: can't change port number from ${number} to ${wanted.number}`);
  if (options.size === 0) return;
  if (!isBare(any)) throw failure('Error updating configuration', errnos.EOPNOTSUPP);
  await any.netdevOf(dpPort(number))?.configure({ options, mac: undefined, mtuRequest: undefined });
}

async function removePort({ aSwitch, any, dp, text: name }: PortWork): Promise<void> {
  const number = /^\d+$/.test(name) ? Number(name) : numberOfPort(any, name);
  if (number === undefined) throw failure(`no port named ${name}`);
  const failed = `deleting port ${name} from ${dp} failed`;
  if (number === localPort) throw failure(failed, errnos.EINVAL);
  const port = dpPort(number);
  if (!any.datapath.ports().has(port)) throw failure(failed, errnos.ENODEV);
  if (isBare(any)) await any.removePort(port);
  else await aSwitch.reconciler.loseInterface(any, port);
}
