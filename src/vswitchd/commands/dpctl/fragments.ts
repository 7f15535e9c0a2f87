/** `dpctl/ipf-*`: fragments that connection tracking holds until their packets are whole. */
import { formatIpv4, formatIpv6 } from '../../../base/addresses.ts';
import { errnos } from '../../../base/errno.ts';
import type { FragmentListReport, FragmentReport } from '../../../datapath/conntrack/fragments/report.ts';
import type { IpVersion } from '../../../datapath/conntrack/fragments/settings.ts';
import { etherType } from '../../../wire/ethernet.ts';
import type { Switch } from '../../switch.ts';
import { asJson } from '../common.ts';
import { optionalDatapath } from './datapaths.ts';
import { type DpctlAnswer, type DpctlCommand, failure } from './request.ts';
import { scanNumber } from './scan-number.ts';

export function fragmentCommands(aSwitch: Switch): DpctlCommand[] {
  return [
    enablingCommand(aSwitch, 'enable'),
    enablingCommand(aSwitch, 'disable'),
    {
      name: 'ipf-set-min-frag',
      usage: '[dp] v4|v6 minfragment',
      minArgs: 2,
      maxArgs: 3,
      async run(args, _flags, answer) {
        const { datapath } = optionalDatapath(aSwitch, args, 3);
        const version = scanVersion(args.at(-2));
        if (version === undefined)
          throw failure('parameter missing: v4 for IPv4 or v6 for IPv6', errnos.EINVAL);
        const minSize = scanNumber(args.at(-1), '', 32);
        if (minSize === undefined)
          throw failure('parameter missing for minimum fragment size', errnos.EINVAL);
        if (
          !(await datapath.conntrack({ ask: 'configureFragments', settings: { of: { version, minSize } } }))
        )
          throw failure('requested minimum fragment size too small; see documentation', errnos.EPERM);
        say(answer, 'setting minimum fragment size successful');
      },
    },
    {
      name: 'ipf-set-max-nfrags',
      usage: '[dp] maxfrags',
      minArgs: 1,
      maxArgs: 2,
      async run(args, _flags, answer) {
        const { datapath } = optionalDatapath(aSwitch, args, 2);
        const limit = scanNumber(args.at(-1), '', 32);
        if (limit === undefined) throw failure('parameter missing for maximum fragments', errnos.EINVAL);
        if (!(await datapath.conntrack({ ask: 'configureFragments', settings: { limit } })))
          throw failure('setting maximum fragments failed', errnos.EPERM);
        say(answer, 'setting maximum fragments successful');
      },
    },
    {
      name: 'ipf-get-status',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      async run(args, { isVerbose }, answer) {
        const report = await optionalDatapath(aSwitch, args, 1).datapath.conntrack({ ask: 'fragments' });
        answer.print(formatStatus(report));
        if (isVerbose) answer.print(`\n        Fragment Lists:\n\n${report.lists.map(formatList).join('')}`);
        answer.json = jsonOf(report);
      },
    },
  ];
}

function say(answer: DpctlAnswer, text: string): void {
  answer.print(text);
  answer.json = text;
}

function enablingCommand(aSwitch: Switch, verb: 'enable' | 'disable'): DpctlCommand {
  const isEnabled = verb === 'enable';
  return {
    name: `ipf-set-${verb}d`,
    usage: '[dp] v4|v6',
    minArgs: 1,
    maxArgs: 2,
    async run(args, _flags, answer) {
      const { datapath } = optionalDatapath(aSwitch, args, 3);
      const version = scanVersion(args.at(-1));
      if (version === undefined)
        throw failure("parameter missing: 'v4' for IPv4 or 'v6' for IPv6", errnos.EINVAL);
      await datapath.conntrack({ ask: 'configureFragments', settings: { of: { version, isEnabled } } });
      say(answer, `${isEnabled ? 'enabling' : 'disabling'} fragmentation reassembly successful`);
    },
  };
}

/** What follows does not matter. */
function scanVersion(text: string | undefined): IpVersion | undefined {
  const digit = /^[ \t-\r]*v([46])/.exec(text ?? '')?.[1];
  return digit === undefined ? undefined : digit === '4' ? 4 : 6;
}

function formatStatus({ limit, heldCount, versions }: FragmentReport): string {
  const countsOf = (version: IpVersion): (readonly [string, number])[] => {
    const { minSize, accepted, completed, expired, tooSmall, overlapped, purged } = versions[version];
    return [
      [`min v${version} frag size`, minSize],
      [`v${version} frags accepted`, accepted],
      [`v${version} frags completed`, completed],
      [`v${version} frags expired`, expired],
      [`v${version} frags too small`, tooSmall],
      [`v${version} frags overlapped`, overlapped],
      [`v${version} frags purged`, purged],
    ];
  };
  const lines: readonly (readonly [string, number])[] = [
    ['v4 enabled', Number(versions[4].isEnabled)],
    ['v6 enabled', Number(versions[6].isEnabled)],
    ['max num frags (v4/v6)', limit],
    ['num frag', heldCount],
    ...countsOf(4),
    ...countsOf(6),
  ];
  const head = ['Fragmentation Module Status', '---------------------------'];
  return [...head, ...lines.map(([name, value]) => `${name}: ${value}`)]
    .map((line) => `        ${line}\n`)
    .join('');
}

/** Differs: oldest first; the reference goes by a hash. */
function formatList(list: FragmentListReport): string {
  const { version, source, destination, recirculation, id, zone, protocol, count, state } = list;
  const format = version === 4 ? formatIpv4 : formatIpv6;
  const type = version === 4 ? etherType.ipv4 : etherType.ipv6;
  const head = `src=${format(source)},dst=${format(destination)},recirc_id=${recirculation},ip_id=${id}`;
  const rest = `zone=${zone},nw_proto=${protocol},num_fragments=${count},state=${state}`;
  return `(${head},dl_type=0x${type.toString(16)},${rest})\n`;
}

function jsonOf({ limit, heldCount, versions, lists }: FragmentReport): ReturnType<typeof asJson> {
  return asJson({
    limit,
    held: heldCount,
    v4: versions[4],
    v6: versions[6],
    lists: lists.map(({ source, destination, version, ...rest }) => {
      const format = version === 4 ? formatIpv4 : formatIpv6;
      return { ...rest, source: format(source), destination: format(destination) };
    }),
  });
}
