/** `netdev-dummy/*`: with --enable-dummy, a test brings frames to dummy devices and changes their state. */
import { Malformed, Refused } from '../../base/errors.ts';
import { readHexBytes } from '../../base/hex-dump.ts';
import { type IpPrefix, readIpv4Prefix, readIpv6Prefix } from '../../base/ip-prefix.ts';
import { dpPort } from '../../base/units.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { readKey } from '../../datapath/text/key.ts';
import type { ReadKey } from '../../datapath/text/member.ts';
import { composeFrame, composeFrameOfSize } from '../../flow/compose.ts';
import { getSlot, setSlot } from '../../flow/key.ts';
import type { DummyDevice, DummyDevices } from '../../netdev/dummy/device.ts';
import { limitTags } from '../../ofproto/translate/vlan-tags.ts';
import { ethernet, etherType } from '../../wire/ethernet.ts';
import type { Switch } from '../switch.ts';
import { allBackers, answerLater } from './common.ts';

/** Bytes of a frame on the wire, without its checksum. */
const shortestFrame = 60;
const longestFrame = 65_535;

export function dummyCommands(aSwitch: Switch, dummies: DummyDevices): Command[] {
  const deviceNamed = (name: string | undefined, unknown: string): DummyDevice => {
    const device = name === undefined ? undefined : dummies.get(name);
    if (device === undefined) throw new Refused('dummy', unknown);
    return device;
  };
  const addressCommand = (
    name: string,
    usage: string,
    set: (device: DummyDevice, text: string) => void,
  ): Command =>
    defineCommand({
      name: `netdev-dummy/${name}`,
      usage,
      minArgs: 2,
      maxArgs: 2,
      run([device, text = '']) {
        set(deviceNamed(device, 'Unknown Dummy Interface'), text);
        return told('OK');
      },
    });
  return [
    defineCommand({
      name: 'netdev-dummy/receive',
      usage: 'name [--qid queue_id] packet|flow [--len packet_len]',
      minArgs: 2,
      maxArgs: Number.POSITIVE_INFINITY,
      run([name, ...args]) {
        const device = deviceNamed(name, 'no such dummy netdev');
        const { queue, packets } = readQueue(args, device.queueCounters.size('rx'));
        const tagLimit = allBackers(aSwitch)[0]?.tagLimit ?? 0;
        for (const frame of readFrames(packets, tagLimit)) device.receive(frame, queue);
        return '';
      },
    }),
    defineCommand({
      name: 'netdev-dummy/conn-state',
      usage: '[netdev]',
      minArgs: 0,
      maxArgs: 1,
      run([name]) {
        const shown =
          name === undefined
            ? dummies.all().flatMap((device) => (device.isConnected === undefined ? [] : device.name))
            : [name];
        const states = shown.map((one) => [one, connectionState(dummies.get(one))] as const);
        return {
          text: states.map(([one, state]) => `${one}: ${state}\n`).join(''),
          json: Object.fromEntries(states),
        };
      },
    }),
    defineCommand({
      name: 'dpif-dummy/change-port-number',
      usage: 'dp port new-number',
      minArgs: 3,
      maxArgs: 3,
      run: (args, reply) =>
        answerLater(
          reply,
          changePortNumber(aSwitch, args).then(() => ''),
        ),
    }),
    addressCommand('ip4addr', '[netdev] ipaddr/mask-prefix-len', (device, text) => {
      device.addresses = { ...device.addresses, ipv4: readHostAddress(text, readIpv4Prefix) };
    }),
    addressCommand('ip6addr', '[netdev] ip6addr', (device, text) => {
      device.addresses = { ...device.addresses, ipv6: readHostAddress(text, readIpv6Prefix) };
    }),
    defineCommand({
      name: 'netdev-dummy/set-admin-state',
      usage: '[netdev] up|down',
      minArgs: 1,
      maxArgs: 2,
      run(args) {
        const state = args.at(-1);
        if (state !== 'up' && state !== 'down') throw new Refused('dummy', 'Invalid Admin State');
        const devices = args.length === 2 ? [deviceNamed(args[0], 'Unknown Dummy Interface')] : dummies.all();
        for (const device of devices) device.set({ isUp: state === 'up' });
        return told('OK');
      },
    }),
  ];
}

/** Throws Refused. */
async function changePortNumber(
  aSwitch: Switch,
  [datapath, name, text = '']: readonly string[],
): Promise<void> {
  const backer = allBackers(aSwitch).find((each) => each.datapath.name === datapath);
  if (backer?.datapath.internalType !== 'dummy-internal')
    throw new Refused('dummy', 'unknown datapath or not a dummy');
  const ports = backer.datapath.ports();
  const [number] = [...ports].find(([, port]) => port.name === name) ?? [];
  const found = number === undefined ? undefined : backer.ports.ofDpPort(number);
  if (found === undefined) throw new Refused('dummy', 'unknown port');
  const wanted = Number.parseInt(text, 10) || 0;
  if (wanted === 0 || wanted === -1) throw new Refused('dummy', 'bad port number');
  if (ports.has(dpPort(wanted))) throw new Refused('dummy', 'port number already in use');
  await found.ofproto.switchPorts.renumber(found.port, dpPort(wanted));
}

function connectionState(device: DummyDevice | undefined): string {
  const isConnected = device?.isConnected;
  return isConnected === undefined ? 'unknown' : isConnected ? 'connected' : 'disconnected';
}

function readHostAddress(text: string, read: (text: string) => IpPrefix): IpPrefix {
  try {
    return read(text);
  } catch (why) {
    throw why instanceof Malformed ? new Refused('dummy', why.why) : why;
  }
}

/** "--qid N" in front of packets says in which of `count` queues they arrive. */
function readQueue(args: readonly string[], count: number): { queue: number; packets: readonly string[] } {
  const [flag, text = '', ...packets] = args;
  if (flag !== '--qid' || args.length < 2) return { queue: 0, packets: args };
  const queue = Number.parseInt(text, 10) || 0;
  if (queue < 0 || queue >= count) throw new Refused('dummy', 'bad rx queue id.');
  return { queue, packets };
}

/** Frames in hexadecimal, or flows from which they are composed; "--len N" after a flow makes its frame that long. */
function* readFrames(args: readonly string[], tagLimit: number): Generator<Uint8Array> {
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    const bytes = readFrame(arg);
    if (bytes !== undefined) {
      yield bytes;
      continue;
    }
    const isSized = queue[0] === '--len' && queue.length > 1;
    const [, size] = isSized ? queue.splice(0, 2) : [];
    yield composeFlow(arg, size, tagLimit);
  }
}

/** Undefined for what is no whole Ethernet header. */
function readFrame(text: string): Uint8Array | undefined {
  const bytes = readHexBytes(text);
  return bytes === undefined || bytes.length < ethernet.size ? undefined : bytes;
}

/** Tags that the switch does not look at are not composed. */
function composeFlow(text: string, sizeText: string | undefined, tagLimit: number): Uint8Array {
  const { key } = readFlow(text);
  if (getSlot(key, 'eth_type') === 0) setSlot(key, 'eth_type', etherType.none);
  limitTags(key, tagLimit);
  if (sizeText === undefined) return composeFrame(key);
  const size = Number.parseInt(sizeText, 10);
  if (!(size >= shortestFrame && size <= longestFrame)) throw new Refused('dummy', 'too small packet len');
  const frame = composeFrameOfSize(key, size);
  if (frame === undefined) throw new Refused('dummy', `${text}: its headers do not fit into ${size} bytes`);
  return frame;
}

function readFlow(text: string): ReadKey {
  try {
    return readKey(text);
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    throw new Refused('dummy', `syntax error at ${text.slice(why.at)}`);
  }
}
