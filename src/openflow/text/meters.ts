/**
 * Meters as ovs-ofctl takes them: "meter=1 pktps burst stats bands=type=drop rate=1 burst_size=2" (ovs-ofctl(8), "Meter
 * Syntax").
 */
import { readU32, readUnsigned, wrong } from '../actions/arguments.ts';
import {
  lastMeter,
  type MeterBand,
  type MeterCommand,
  type MeterMod,
  meterFlags,
  reservedMeters,
} from '../messages/meters.ts';

/** Throws Malformed, whose `why` is the whole message. */
export function readMeterMod(text: string, command: MeterCommand): MeterMod {
  if (command === 'delete') return { command, meter: readMeterNumber(text), flags: 0, bands: [] };
  const [head, bandText] = splitBands(text);
  const { meter, flags } = readHead(head, flagOf);
  if (flags === 0) throw wrong("meter must specify either 'kbps' or 'pktps'");
  const bands = readBands(bandText);
  for (const band of bands) checkBand(band, (flags & meterFlags.burst) !== 0);
  return { command, meter, flags, bands };
}

/** A meter without anything else, "meter=1". Throws Malformed, whose `why` is the whole message. */
export function readMeterNumber(text: string): number {
  return readHead(text, () => undefined).meter;
}

/** What stands before "band", and behind the first "=" after it. */
function splitBands(text: string): [head: string, bands: string] {
  const at = text.indexOf('band');
  const equals = at === -1 ? -1 : text.indexOf('=', at);
  if (equals === -1) throw wrong('must specify bands');
  return [text.slice(0, at), text.slice(equals + 1)];
}

const flagWords: ReadonlyMap<string, number> = new Map([
  ['kbps', meterFlags.kbps],
  ['pktps', meterFlags.packets],
  ['burst', meterFlags.burst],
  ['stats', meterFlags.stats],
]);

function flagOf(word: string): number | undefined {
  return flagWords.get(word);
}

function readHead(
  text: string,
  flagFor: (word: string) => number | undefined,
): { meter: number; flags: number } {
  let meter = 0;
  let flags = 0;
  for (const { name, value } of words(text, flagFor)) {
    const flag = flagFor(name);
    if (flag !== undefined) flags |= flag;
    else if (name === 'meter') meter = readNumber(value);
    else throw wrong(`unknown keyword ${name}`);
  }
  if (meter === 0) throw wrong("must specify 'meter'");
  return { meter, flags };
}

function readNumber(text: string): number {
  for (const [number, name] of reservedMeters) if (name === text) return number;
  const meter = readU32(text);
  if (meter === 0 || meter > lastMeter) throw wrong('invalid value for meter');
  return meter;
}

type Draft = { -readonly [K in keyof MeterBand]: MeterBand[K] };

function readBands(text: string): MeterBand[] {
  const bands: Draft[] = [];
  for (const { name, value } of words(text)) {
    const band = bands.at(-1);
    if (name === 'type') bands.push({ type: readType(value), rate: 0, burst: 0, precedence: 0 });
    else if (band === undefined) throw wrong("band must start with the 'type' keyword");
    else if (name === 'rate') band.rate = readU32(value);
    else if (name === 'burst_size') band.burst = readU32(value);
    else if (name === 'prec_level') band.precedence = readUnsigned(value, 8, name);
    else throw wrong(`unknown keyword ${name}`);
  }
  if (bands.length === 0) throw wrong('meter must have bands');
  return bands;
}

function readType(text: string): MeterBand['type'] {
  if (text !== 'drop' && text !== 'dscp_remark') throw wrong(`field type unknown value ${text}`);
  return text;
}

function checkBand({ type, rate, burst, precedence }: MeterBand, hasBursts: boolean): void {
  const why =
    type === 'dscp_remark' && precedence === 0
      ? "'dscp_remark' band must have 'prec_level'"
      : type === 'drop' && precedence !== 0
        ? "Only 'dscp_remark' band may have 'prec_level'"
        : rate === 0
          ? "band must have 'rate'"
          : hasBursts && burst === 0
            ? "band must have 'burst_size' when 'burst' flag is set"
            : !hasBursts && burst !== 0
              ? "band may have 'burst_size' only when 'burst' flag is set"
              : undefined;
  if (why !== undefined) throw wrong(why);
}

interface Word {
  readonly name: string;
  /** Empty for a flag. */
  readonly value: string;
}

const separators = '=, \t\r\n';

/** Names with their values, and flags without. A value may have "=" in it. */
function* words(
  text: string,
  flagFor: (word: string) => number | undefined = () => undefined,
): Generator<Word> {
  let at = 0;
  const next = (delimiters: string): string => {
    while (at < text.length && delimiters.includes(text.charAt(at))) at++;
    const start = at;
    while (at < text.length && !delimiters.includes(text.charAt(at))) at++;
    return text.slice(start, at++);
  };
  for (let name = next(separators); name !== ''; name = next(separators)) {
    if (flagFor(name) !== undefined) {
      yield { name, value: '' };
      continue;
    }
    const value = next(', \t\r\n');
    if (value === '') throw wrong(`field ${name} missing value`);
    yield { name, value };
  }
}
