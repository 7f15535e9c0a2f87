/**
 * `drops/monitor`: dropped packets as they come.
 * Differs: `drops/monitor` is ours. Our ovs-appctl shows each packet at once, any other one all of them at the end.
 */
import { Malformed, Refused } from '../../base/errors.ts';
import { ms } from '../../base/units.ts';
import { type Command, type CommandOutput, type CommandReply, defineCommand } from '../../daemon/unixctl.ts';
import { datapathWordCount } from '../../flow/slots.ts';
import type { DropQuery } from '../../ofproto/drops/drop-watchers.ts';
import type { Ofproto } from '../../ofproto/ofproto.ts';
import { formatDrop, type ShownDrop, showDrop } from '../../ofproto/views/dropped-packet.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { everyFlow } from '../../openflow/messages/flow-request.ts';
import { allTables } from '../../openflow/messages/tables.ts';
import { portText } from '../../openflow/ports.ts';
import { readFlowFilter } from '../../openflow/text/flows.ts';
import type { Json } from '../../rpc/channel.ts';
import type { Switch } from '../switch.ts';
import { answerLater, asJson, bridgeNamed } from './common.ts';
import { DropCapture } from './drop-capture.ts';

interface MonitorRequest extends DropQuery {
  count?: number;
  /** Seconds. */
  for?: number;
  /** Packets a second. */
  rate?: number;
  /** Bytes of each packet. */
  head?: number;
  /** A file to write. */
  pcap?: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const usualRate = 100;
/** Bytes that are shown, and those that are captured, unless somebody says how many. */
const usualHead = { shown: 64, captured: 2048 } as const;
/** Packets that wait for the end, where they cannot be shown before. */
const wholeLimit = 10_000;

/** What each option says. */
const options: Readonly<Record<string, (request: Writable<MonitorRequest>, value: string) => void>> = {
  count(request, value) {
    request.count = readNumber('count', value, 1, 1e9);
  },
  for(request, value) {
    request.for = readNumber('for', value, 0.001, 1e6, /^[0-9]+(\.[0-9]+)?$/);
  },
  rate(request, value) {
    request.rate = readNumber('rate', value, 1, 100_000);
  },
  head(request, value) {
    request.head = readNumber('head', value, 0, 0xffff);
  },
  pcap(request, value) {
    if (!value.startsWith('/')) throw refused(`--pcap=${value}: the daemon writes it: say its whole path`);
    request.pcap = value;
  },
};

export function dropCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'drops/monitor',
      usage: '[--count=N] [--for=SECONDS] [--rate=N] [--head=BYTES] [--pcap=FILE] [bridge] [match]',
      minArgs: 0,
      maxArgs: Number.POSITIVE_INFINITY,
      run(args, reply) {
        const request = readRequest(aSwitch, args);
        if (reply.part === undefined && request.count === undefined && request.for === undefined)
          throw refused('say --count or --for: this ovs-appctl shows nothing before the end');
        return answerLater(reply, monitor(aSwitch, request, reply));
      },
    }),
  ];
}

async function monitor(
  aSwitch: Switch,
  request: MonitorRequest,
  reply: CommandReply,
): Promise<CommandOutput> {
  const { rate = usualRate, head, pcap } = request;
  const { part } = reply;
  const shownSize = head ?? usualHead.shown;
  const headSize = head ?? (pcap === undefined ? usualHead.shown : usualHead.captured);
  const { count = Number.POSITIVE_INFINITY } = request;
  const limit = part === undefined ? Math.min(count, wholeLimit) : count;
  using stream = aSwitch.drops({ ...request, rate, headSize });
  const capture = pcap === undefined ? undefined : new DropCapture(pcap, () => stream.end());
  reply.onGone(() => stream.end());
  const end = endAfter(aSwitch, request.for, () => stream.end());
  const whole: Exclude<CommandOutput, ''>[] = [];
  let seen = 0;
  let unread = 0;
  for await (const packet of stream) {
    capture?.write(packet);
    const output = outputOf(showDrop(packet, shownSize));
    if (part === undefined) whole.push(output);
    else if (!part(output)) unread++;
    if (++seen >= limit) break;
  }
  end();
  await capture?.close();
  const missed = stream.missedCount + unread + (capture?.missedCount ?? 0);
  return answerOf(whole, part !== undefined, { packets: seen - unread, missed });
}

/** One of the two is wanted. */
function outputOf(shown: ShownDrop): Exclude<CommandOutput, ''> {
  return {
    get text() {
      return formatDrop(shown);
    },
    get json() {
      return asJson(shown);
    },
  };
}

function endAfter(aSwitch: Switch, seconds: number | undefined, act: () => void): () => void {
  if (seconds === undefined) return () => {};
  const { timers } = aSwitch;
  const timer = timers.at(ms(timers.clock.now() + seconds * 1000), act);
  return () => timer.cancel();
}

/** With the packets themselves where they have not been shown yet. */
function answerOf(
  whole: readonly Exclude<CommandOutput, ''>[],
  isShown: boolean,
  counts: { readonly packets: number; readonly missed: number },
): CommandOutput {
  const { packets, missed } = counts;
  const last = `${packets} dropped packets${missed === 0 ? '' : `, and up to ${missed} more that are not shown`}\n`;
  const json: Json = isShown ? { ...counts } : { missed, packets: whole.map(({ json }) => json) };
  return { text: whole.map(({ text }) => text).join('') + last, json };
}

function readRequest(aSwitch: Switch, args: readonly string[]): MonitorRequest {
  const request: Writable<MonitorRequest> = {};
  const words: string[] = [];
  for (const arg of args) {
    const option = /^--([a-z]+)=(.*)$/.exec(arg);
    const [, name = '', value = ''] = option ?? [];
    if (Object.hasOwn(options, name)) options[name]?.(request, value);
    else if (arg.startsWith('-')) throw refused(`${arg}: no such option`);
    else words.push(arg);
  }
  const [first, second] = words;
  const bridge = first === undefined ? undefined : aSwitch.state.bridges.get(first)?.ofproto;
  const text = bridge === undefined ? first : second;
  if (words.length > (bridge === undefined ? 1 : 2))
    throw refused(bridge === undefined ? `${first}: no such bridge` : 'too many arguments');
  return { ...request, bridge, ...(text === undefined ? {} : readQuery(text, bridge)) };
}

/** What a bridge's name and a match ask for. Throws Refused. */
export function dropQuery(aSwitch: Switch, name: string | undefined, match: string | undefined): DropQuery {
  const bridge = name === undefined ? undefined : bridgeNamed(aSwitch, name).ofproto;
  return { bridge, ...(match === undefined ? {} : readQuery(match, bridge)) };
}

/** What ovs-ofctl would ask for flows by: a match, and a table. */
function readQuery(text: string, bridge: Ofproto | undefined): Pick<DropQuery, 'table' | 'match'> {
  try {
    const { request } = readFlowFilter(text, { ports: bridge?.portText ?? portText });
    const { outPort, outGroup, cookieMask, table } = request;
    if (outPort !== everyFlow.outPort || outGroup !== everyFlow.outGroup || cookieMask !== 0n)
      throw refused(`${text}: only a match and a table tell packets apart`);
    if (bridge === undefined && request.match.options !== undefined)
      throw refused(`${text}: which bridge's tun_metadata?`);
    const match = bridge === undefined ? request.match : bridge.tlvTable.resolve(request.match);
    if (match.mask.words.some((word) => word >= datapathWordCount))
      throw refused(`${text}: a packet that comes in has no registers and no metadata yet`);
    return { match, table: table === allTables ? undefined : table };
  } catch (why) {
    if (why instanceof Malformed)
      throw refused(bridge === undefined ? `${text}: no bridge, and no match: ${why.why}` : why.why);
    throw why instanceof OpenFlowError ? refused(`${text}: ${why.message}`) : why;
  }
}

function readNumber(name: string, text: string, least: number, most: number, form = /^[0-9]+$/): number {
  const value = Number(text);
  if (!form.test(text) || value < least || value > most)
    throw refused(`--${name}=${text}: must be a number from ${least} to ${most}`);
  return value;
}

function refused(why: string): Refused {
  return new Refused('drops', why);
}
