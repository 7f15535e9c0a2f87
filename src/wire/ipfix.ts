/**
 * IP Flow Information Export, RFC 7011: messages of sets, of which a template says what records of data hold. Elements
 * are those of IANA and some of the reference's. Written by `ofproto/exporters/ipfix`.
 */
import { header, u16, u32 } from '../base/header.ts';
import {
  type IpfixElement,
  type IpfixElementDef,
  type IpfixKind,
  type IpfixValues,
  ipfixCountElements,
  ipfixElements,
  ipfixKeyElements,
  ipfixNetworks,
  ipfixTransports,
} from './ipfix-elements.ts';

/** What records of a kind hold. */
interface Form {
  readonly template: number;
  readonly key: readonly IpfixElement[];
  readonly counts: readonly IpfixElement[];
}

/** By the number of the template. */
const forms: (Form | undefined)[] = [];

function formOf(kind: IpfixKind): Form {
  const template = ipfixTemplate(kind);
  let form = forms[template - firstTemplate];
  if (form === undefined) {
    form = { template, key: ipfixKeyElements(kind), counts: ipfixCountElements(kind) };
    forms[template - firstTemplate] = form;
  }
  return form;
}

const firstTemplate = 256;

/** The number of the template of a kind. */
export function ipfixTemplate({ isTagged, network, transport, isTunnelled, isEgress }: IpfixKind): number {
  const places = [ipfixNetworks.indexOf(network), ipfixTransports.indexOf(transport)] as const;
  const number = (Number(isTagged) * ipfixNetworks.length + places[0]) * ipfixTransports.length + places[1];
  return firstTemplate + (number * 2 + Number(isTunnelled)) * 2 + Number(isEgress);
}

/** That of what the exporter tells of itself: behind all that could be one of a kind. */
const statisticsTemplate =
  firstTemplate +
  ((2 * ipfixNetworks.length + ipfixNetworks.length) * ipfixTransports.length + ipfixTransports.length) * 4 +
  6;

function* kinds(): Generator<IpfixKind> {
  const either = [false, true];
  for (const isTagged of either)
    for (const network of ipfixNetworks)
      for (const transport of network === 'other' ? (['other'] as const) : ipfixTransports)
        for (const isTunnelled of either)
          for (const isEgress of either) yield { isTagged, network, transport, isTunnelled, isEgress };
}

const message = header('ipfix', { version: u16, size: u16, time: u32, sequence: u32, domain: u32 });
const set = header('ipfix set', { id: u16, size: u16 });
const sets = { template: 2, optionsTemplate: 3 } as const;

export interface IpfixHead {
  /** Seconds since 1970. */
  readonly time: number;
  readonly sequence: number;
  readonly domain: number;
}

/** A message with templates is closed when it is that large, though the last one may make it larger. */
const templateMessageSize = 1024;
const observer: readonly IpfixElement[] = ['virtualObsID'];
const variable = 0xffff;
const ofEnterprise = 0x8000;

/** The templates of all kinds; `isNamed` where records have the name of who observes. */
export function emitIpfixTemplates(head: IpfixHead, isNamed: boolean): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let bytes: number[] = [];
  for (const kind of kinds()) {
    if (message.size + set.size + bytes.length >= templateMessageSize) {
      messages.push(emitMessage(head, sets.template, bytes));
      bytes = [];
    }
    const { template, key, counts } = formOf(kind);
    const names = [...key, ...(isNamed ? observer : []), ...counts];
    bytes.push(...u16Bytes(template, names.length), ...specify(names));
  }
  messages.push(emitMessage(head, sets.template, bytes));
  return messages;
}

const statisticsElements = ['exportingProcessId', 'notSentPacketTotalCount'] as const;

/** The template of what the exporter tells of itself, by its number among those of its process. */
export function emitIpfixStatisticsTemplate(head: IpfixHead): Uint8Array {
  const { length } = statisticsElements;
  const scopeCount = 1;
  return emitMessage(head, sets.optionsTemplate, [
    ...u16Bytes(statisticsTemplate, length, scopeCount),
    ...specify(statisticsElements),
  ]);
}

export function emitIpfixStatistics(
  head: IpfixHead,
  values: Pick<IpfixValues, (typeof statisticsElements)[number]>,
): Uint8Array {
  return emitMessage(
    head,
    statisticsTemplate,
    scratch.subarray(0, writeValues(0, statisticsElements, values)),
  );
}

/** A record of a flow, whose key was made by `ipfixKeyBytes`. */
export function emitIpfixRecord(head: IpfixHead, { kind, key, name, counts }: IpfixRecord): Uint8Array {
  const form = formOf(kind);
  scratch.set(key);
  let end = key.length;
  if (name !== undefined) end = writeValues(end, observer, { virtualObsID: name });
  end = writeValues(end, form.counts, counts);
  return emitMessage(head, form.template, scratch.subarray(0, end));
}

interface IpfixRecord {
  readonly kind: IpfixKind;
  readonly key: Uint8Array;
  /** Who observes. */
  readonly name: Uint8Array | undefined;
  readonly counts: IpfixValues;
}

export function ipfixKeyBytes(kind: IpfixKind, values: IpfixValues): Uint8Array {
  return scratch.slice(0, writeValues(0, formOf(kind).key, values));
}

function specify(names: readonly IpfixElement[]): number[] {
  return names.flatMap((name) => {
    const [id, size, enterprise]: IpfixElementDef = ipfixElements[name];
    const length = size || variable;
    return enterprise === undefined
      ? u16Bytes(id, length)
      : u16Bytes(id | ofEnterprise, length, enterprise >>> 16, enterprise & 0xffff);
  });
}

/** Names and descriptions that have no fixed size are cut to fewer than 255 bytes, so any record fits. */
const scratch = new Uint8Array(4096);
const scratchView = new DataView(scratch.buffer);
const longestValue = 254;

/** Writes values into `scratch`; returns where they end. What is not there is zero. */
function writeValues(start: number, names: readonly IpfixElement[], values: IpfixValues): number {
  let at = start;
  for (const name of names) {
    const value = values[name] ?? 0;
    const size = ipfixElements[name][1];
    if (typeof value === 'number') at = writeNumber(at, value, size);
    else {
      const bytes = value.subarray(0, size || longestValue);
      if (size === 0) scratch[at++] = bytes.length; // RFC 7011 section 7
      scratch.set(bytes, at);
      at += bytes.length;
    }
  }
  return at;
}

/** Of a size that is not said, nothing but that it is zero bytes. */
function writeNumber(at: number, value: number, size: number): number {
  switch (size) {
    case 0:
    case 1:
      scratch[at] = value;
      return at + 1;
    case 2:
      scratchView.setUint16(at, value);
      break;
    case 4:
      scratchView.setUint32(at, value);
      break;
    case 8:
      scratchView.setUint32(at, Math.floor(value / 2 ** 32));
      scratchView.setUint32(at + 4, value);
      break;
    default:
      scratch.fill(0, at, at + size);
  }
  return at + size;
}

function u16Bytes(...values: readonly number[]): number[] {
  return values.flatMap((value) => [value >>> 8, value & 0xff]);
}

/** With one set. */
function emitMessage(
  { time, sequence, domain }: IpfixHead,
  setId: number,
  body: ArrayLike<number>,
): Uint8Array {
  const bytes = new Uint8Array(message.size + set.size + body.length);
  const view = new DataView(bytes.buffer);
  message.set.version(view, 0, 10);
  message.set.size(view, 0, bytes.length);
  message.set.time(view, 0, time);
  message.set.sequence(view, 0, sequence);
  message.set.domain(view, 0, domain);
  set.set.id(view, message.size, setId);
  set.set.size(view, message.size, bytes.length - message.size);
  bytes.set(body, message.size + set.size);
  return bytes;
}
