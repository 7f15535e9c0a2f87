/** Commands on captures and packets: ofp-parse-pcap, and for tests parse-pcap, parse-packet and compose-packet. */
import { readFileSync as readDescriptor, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { formatIpv4 } from '../../base/addresses.ts';
import { systemClock } from '../../base/clock.ts';
import { errnos, fromNodeError, reasonOf, strerror } from '../../base/errno.ts';
import { Malformed, SyscallFailed } from '../../base/errors.ts';
import { readFileSync } from '../../base/files.ts';
import { hexDump, readHexBytes } from '../../base/hex-dump.ts';
import { logger } from '../../base/log.ts';
import { strftime } from '../../base/strftime.ts';
import { printError } from '../../daemon/output.ts';
import { Fatal } from '../../daemon/program.ts';
import { composeFrame } from '../../flow/compose.ts';
import { getSlot, setSlot } from '../../flow/key.ts';
import { readPacket } from '../../flow/match-text.ts';
import { formatPacket, formatPacketKey, keyOfPacket, transportOf } from '../../flow/packet-text.ts';
import { headerSize, messageSize } from '../../openflow/codec.ts';
import { TcpStreams } from '../../openflow/connection/tcp-streams.ts';
import { portText, reservedPorts } from '../../openflow/ports.ts';
import { messageJson } from '../../openflow/text/json.ts';
import { etherType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import {
  type CapturedFrame,
  CaptureFile,
  CutShort,
  emitPcapHeader,
  emitPcapRecord,
} from '../../wire/pcap.ts';
import { isGiven, type OfctlContext } from './context.ts';
import { numbersOnly } from './names.ts';
import { jsonLine, shownMessage } from './show.ts';

const log = logger('pcap');
const usualPorts: readonly number[] = [6653, 6633];

/** What `ofp-parse-pcap FILE [PORT]...` does: the OpenFlow in TCP connections to or from these ports. */
export function printCapturedMessages(context: OfctlContext, [file = '', ...texts]: readonly string[]): void {
  const ports = texts.length === 0 ? usualPorts : texts.map((text) => Number.parseInt(text, 10) || 0);
  const { print } = context;
  const hasTimes = isGiven(context, 'timestamp');
  const streams = new TcpStreams();
  let isFirst = true;
  for (const { bytes, time } of frames(openCapture(file))) {
    const key = keyOfPacket(bytes);
    const ends = [getSlot(key, 'tp_src'), getSlot(key, 'tp_dst')] as const;
    const isTcp = getSlot(key, 'eth_type') === etherType.ipv4 && getSlot(key, 'nw_proto') === ipProtocol.tcp;
    const segment = transportOf(bytes, key);
    if (!isTcp || segment === undefined || !ends.some((port) => ports.includes(port))) continue;
    const stream = `${address(key, 'nw_src')}.${ends[0]} > ${address(key, 'nw_dst')}.${ends[1]}`;
    let left = streams.add({ stream, bytes: segment });
    while (left !== undefined && left.length >= headerSize) {
      const size = messageSize(left) ?? 0;
      if (size < headerSize || size > left.length) break;
      const when = hasTimes ? strftime('%H:%M:%S.### ', time, 'utc') : '';
      if (context.isJson === true) {
        const seen = when === '' ? { stream } : { time: when.trimEnd(), stream };
        print(jsonLine({ ...seen, ...messageJson(left.slice(0, size), numbersOnly) }));
      } else {
        print(`${isFirst ? '' : '\n'}${when}${stream}:\n`);
        print(shownMessage(context, left.slice(0, size), 1));
      }
      isFirst = false;
      streams.took(stream, size);
      left = left.subarray(size);
    }
  }
}

function address(key: Uint32Array, slot: 'nw_src' | 'nw_dst'): string {
  const value = getSlot(key, slot);
  return formatIpv4(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
}

/** Throws Fatal. */
function openCapture(file: string): CaptureFile {
  const opened = tryOpen(file);
  if ('why' in opened) throw new Fatal(`${file}: open failed (${opened.why})`);
  return opened.capture;
}

interface Failure {
  readonly why: string;
  /** As a program ends with it. */
  readonly status: number;
}

const protocolError: Failure = { why: strerror(errnos.EPROTO), status: errnos.EPROTO };

function tryOpen(file: string): { readonly capture: CaptureFile } | Failure {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const why = reasonOf(error);
    log.warn(`${file}: failed to open pcap file for reading (${why})`);
    const ours = fromNodeError(error);
    return { why, status: ours instanceof SyscallFailed ? ours.errno : 1 };
  }
  try {
    return { capture: new CaptureFile(bytes) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    log.warn(error.why);
    return error.why.endsWith('End of file') ? { why: 'End of file', status: 255 } : protocolError;
  }
}

/** The frames up to the first that is wrong, of which a line in the log tells. */
function* frames(file: CaptureFile): Generator<CapturedFrame, Failure | undefined> {
  try {
    yield* file;
    return undefined;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    log.warn(error.why);
    return error instanceof CutShort ? undefined : protocolError;
  }
}

/** What `parse-pcap FILE...` does: a line for each packet. */
export function printCapturedPackets({ print, warn }: OfctlContext, files: readonly string[]): void {
  let status = 0;
  const complain = (file: string, what: string, { why, status: number }: Failure): void => {
    warn(`${file}: ${what} failed (${why})`);
    status = number;
  };
  for (const file of files) {
    const opened = tryOpen(file);
    if ('why' in opened) {
      complain(file, 'open', opened);
      continue;
    }
    const read = frames(opened.capture);
    for (let next = read.next(); ; next = read.next()) {
      if (next.done === true) {
        if (next.value !== undefined) complain(file, 'read', next.value);
        break;
      }
      const key = keyOfPacket(next.value.bytes);
      setSlot(key, 'in_port', reservedPorts.ANY);
      print(`${formatPacketKey(key, portText)}\n`);
    }
  }
  if (status !== 0) process.exit(status);
}

const standardInput = 0;
const mostInput = 65_535;

/** What `parse-packet` does: the packet is on standard input. */
export function printPacket({ print }: OfctlContext): void {
  print(formatPacket(Uint8Array.from(readDescriptor(standardInput)).subarray(0, mostInput), 0));
}

/** What `compose-packet FLOW [DATA]` does: a packet of that flow, as digits or with --pcap as a capture. */
export function composePacket(context: OfctlContext, [flow = '', data]: readonly string[]): void {
  const isCapture = isGiven(context, 'pcap');
  if (isCapture && isatty(1))
    throw new Fatal(
      `not writing pcap data to stdout; redirect to a file or pipe to tcpdump instead (${strerror(errnos.EPERM)})`,
    );
  const key = keyOfText(flow);
  const payload = data === undefined ? undefined : readHexBytes(data);
  if (data !== undefined && payload === undefined)
    throw new Fatal(`${data}: trailing garbage in packet data`);
  const frame = composeFrame(key, payload);
  if (isCapture) writeSync(1, Buffer.concat([emitPcapHeader(), emitPcapRecord(frame, systemClock.wall())]));
  else context.print(hexDump(frame, 'without text'));
  const extracted = keyOfPacket(frame);
  setSlot(extracted, 'in_port', reservedPorts.ANY);
  if (key.every((word, n) => word === extracted[n])) return;
  printError(
    `specified and extracted flows differ:\nspecified: ${formatPacketKey(key, portText)}\nextracted: ${formatPacketKey(extracted, portText)}`,
  );
  process.exit(1);
}

/** Throws Fatal. */
function keyOfText(text: string): Uint32Array {
  try {
    const { key } = readPacket(text, portText);
    if (getSlot(key, 'in_port') === 0) setSlot(key, 'in_port', reservedPorts.ANY);
    return key;
  } catch (why) {
    throw why instanceof Malformed ? new Fatal(why.why) : why;
  }
}
