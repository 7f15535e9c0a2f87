/** Meters: OpenFlow 1.3.5 section 7.3.4.4 and 7.3.5.12 to 7.3.5.14. */
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { bareMessage, defineMessage, listForm, type MessageForm, type WirePlace } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { counter, type Duration, duration, type Part, pad, struct, u8, u16, u32 } from '../layout.ts';
import { type BitNames, formatBits, formatDuration } from './text.ts';
import { unknownDuration, wholeCount } from './unknown-values.ts';

const bandTypes = { drop: 1, dscp_remark: 2 } as const;

export interface MeterBand {
  readonly type: keyof typeof bandTypes;
  /** kb/s or packets/s, by the flags of the meter. */
  readonly rate: number;
  readonly burst: number;
  /** Of `dscp_remark`: by how much the drop precedence rises. */
  readonly precedence: number;
}

/** Bits. */
export const meterFlags = { kbps: 1, packets: 2, burst: 4, stats: 8 } as const;
const flagNames: BitNames = ['kbps', 'pktps', 'burst', 'stats'];

export interface MeterConfig {
  readonly meter: number;
  /** Bits of `meterFlags`. */
  readonly flags: number;
  readonly bands: readonly MeterBand[];
}

const bandSize = 16;
const refused = refusalsOf('ofp_meter');

function badLength(size: number): OpenFlowError {
  return new OpenFlowError('OFPBRC_BAD_LEN', `meter bands in ${size} bytes`);
}

function readBands(from: Reader): MeterBand[] {
  const bands: MeterBand[] = [];
  while (from.left >= bandSize) {
    const number = from.u16();
    const size = from.u16();
    if (size !== bandSize) throw badLength(size);
    const type =
      number === bandTypes.drop ? 'drop' : number === bandTypes.dscp_remark ? 'dscp_remark' : undefined;
    if (type === undefined) throw new OpenFlowError('OFPMMFC_BAD_BAND', `a meter band of type ${number}`);
    const [rate, burst, precedence] = [from.u32(), from.u32(), from.u8()];
    from.skip(3);
    bands.push({ type, rate, burst, precedence: type === 'drop' ? 0 : precedence });
  }
  if (from.left > 0) throw badLength(from.left);
  return bands;
}

function writeBand({ type, rate, burst, precedence }: MeterBand, to: Writer): void {
  to.u16(bandTypes[type]);
  to.u16(bandSize);
  to.u32(rate);
  to.u32(burst);
  to.u8(precedence);
  to.room(3);
}

const commands = ['add', 'modify', 'delete'] as const;
export type MeterCommand = (typeof commands)[number];
const commandTexts = { add: 'ADD', modify: 'MOD', delete: 'DEL' } as const;

export interface MeterMod extends MeterConfig {
  readonly command: MeterCommand;
}

const head = struct({ commandOrSize: u16, flags: u16, meter: u32 });

const modForm: MessageForm<MeterMod> = {
  wire: 'OFPT 1.3+ 29',
  size: [head.size, 8],
  decode(body) {
    const { commandOrSize, flags, meter } = head.read(body);
    const command = commands[commandOrSize];
    if (command === undefined)
      throw new OpenFlowError('OFPMMFC_BAD_COMMAND', `command ${commandOrSize} for meters`);
    if (command === 'delete') return { command, meter, flags: 0, bands: [] };
    if ((flags & 3) === 3) throw new OpenFlowError('OFPMMFC_BAD_FLAGS', 'a meter of kb/s and of packets/s');
    return { command, meter, flags, bands: readBands(body) };
  },
  encode({ command, flags, meter, bands }, to) {
    head.write(to, { commandOrSize: commands.indexOf(command), flags, meter });
    for (const band of bands) writeBand(band, to);
  },
};

export const meterMod = defineMessage(
  'METER_MOD',
  [modForm],
  (mod) => ` ${commandTexts[mod.command]} ${formatMeterConfig(mod)}`,
);

/** All meters. */
export const allMeters = 0xffffffff;
/** What the slow path and packets for controllers go through. */
export const slowPathMeter = 0xfffffffd;
export const controllerMeter = 0xfffffffe;
export const reservedMeters: ReadonlyMap<number, string> = new Map([
  [slowPathMeter, 'slowpath'],
  [controllerMeter, 'controller'],
  [allMeters, 'all'],
]);
/** The highest number that is not reserved. */
export const lastMeter = 0xffff0000;

function formatMeter(meter: number, separator: '=' | ':'): string {
  return `meter${separator}${meter <= lastMeter ? meter : (reservedMeters.get(meter) ?? 'unknown')}`;
}

/** As ovs-ofctl prints it: a line, and one for each band. */
export function formatMeterConfig({ meter, flags, bands }: MeterConfig): string {
  const names = flagNames.map((name, n) => (((flags >>> n) & 1) === 0 ? '' : `${name} `)).join('');
  const rest = flags & ~0xf;
  const unknown = rest === 0 ? '' : `flags:0x${rest.toString(16)} `;
  const list = bands.map((band) => {
    const burst = (flags & meterFlags.burst) === 0 ? '' : ` burst_size=${band.burst}`;
    const precedence = band.type === 'drop' ? '' : ` prec_level=${band.precedence}`;
    return `\ntype=${band.type} rate=${band.rate}${burst}${precedence}`;
  });
  return `${formatMeter(meter, '=')} ${names}${unknown}bands=${list.join('')}\n`;
}

export interface MeterRequest {
  readonly meter: number;
}

const requestLayout = struct({ meter: u32, pad: pad(4) });

function requestForm(wire: WirePlace): MessageForm<MeterRequest> {
  return {
    wire,
    size: [requestLayout.size, 0],
    decode: (body) => requestLayout.read(body),
    encode: (value, to) => requestLayout.write(to, value),
  };
}

const formatRequest = ({ meter }: MeterRequest): string => ` ${formatMeter(meter, '=')}`;

export const meterRequest = defineMessage(
  'METER_REQUEST',
  [requestForm('OFPST 1.3+ 9 request')],
  formatRequest,
);
export const meterConfigRequest = defineMessage(
  'METER_CONFIG_REQUEST',
  [requestForm('OFPST 1.3+ 10 request')],
  formatRequest,
);

export const meterConfigReply = defineMessage(
  'METER_CONFIG_REPLY',
  [
    listForm<MeterConfig>(
      'OFPST 1.3+ 10 reply',
      [0, 8],
      (from) => {
        const size = recordSize(from, 0, head.size, badRecord('OFPMP_METER_CONFIG', 0));
        const { flags, meter } = head.read(from);
        return { meter, flags, bands: readBands(from.part(size - head.size)) };
      },
      ({ meter, flags, bands }, to) => {
        head.write(to, { commandOrSize: head.size + bands.length * bandSize, flags, meter });
        for (const band of bands) writeBand(band, to);
      },
    ),
  ],
  (all) => all.map((config) => `\n${formatMeterConfig(config)}`).join(''),
);

/** The head of a record is taken before its size is looked at. */
const badRecord =
  (name: string, headSize: number) =>
  (_: number, left: number): OpenFlowError =>
    refused(
      'OFPBRC_BAD_LEN',
      `${name} reply has ${left < headSize ? left : left - headSize} leftover bytes at end`,
    );

export interface MeterBandStats {
  readonly packets: bigint | undefined;
  readonly bytes: bigint | undefined;
}

export interface MeterStats extends MeterBandStats {
  readonly meter: number;
  readonly flows: number;
  readonly duration: Duration | undefined;
  readonly bands: readonly MeterBandStats[];
}

const bandStats = struct({ packets: counter, bytes: counter });
const statsHead = struct({
  meter: u32,
  size: u16,
  pad: pad(6),
  flows: u32,
  packets: counter,
  bytes: counter,
  duration,
});

export const meterReply = defineMessage(
  'METER_REPLY',
  [
    listForm<MeterStats>(
      'OFPST 1.3+ 9 reply',
      [0, 8],
      (from) => {
        const bad = badRecord('OFPMP_METER', statsHead.size);
        const left = recordSize(from, 4, statsHead.size, bad) - statsHead.size;
        if (left % bandStats.size !== 0) throw bad(left, from.left);
        const { size: _, ...rest } = statsHead.read(from);
        const count = left / bandStats.size;
        return { ...rest, bands: Array.from({ length: count }, () => bandStats.read(from)) };
      },
      (stats, to) => {
        statsHead.write(to, { ...stats, size: statsHead.size + stats.bands.length * bandStats.size });
        for (const band of stats.bands) bandStats.write(to, band);
      },
    ),
  ],
  (all) => all.map((stats) => `\n${formatStats(stats)}`).join(''),
);

function formatStats(stats: MeterStats): string {
  const { meter, flows, packets, bytes, bands } = stats;
  const time = formatDuration(stats.duration ?? unknownDuration);
  const list = bands.map(
    (band, n) => `${n}: packet_count:${wholeCount(band.packets)} byte_count:${wholeCount(band.bytes)}\n`,
  );
  const counts = `packet_in_count:${wholeCount(packets)} byte_in_count:${wholeCount(bytes)}`;
  return `${formatMeter(meter, ':')} flow_count:${flows} ${counts} duration:${time} bands:\n${list.join('')}`;
}

export const meterFeaturesRequest = bareMessage('METER_FEATURES_REQUEST', 'OFPST 1.3+ 11 request');

export interface MeterFeatures {
  readonly maxMeters: number;
  /** Bits: 2 to the power of the type. */
  readonly bandTypes: number;
  /** Bits of `meterFlags`. */
  readonly capabilities: number;
  readonly maxBands: number;
  readonly maxColor: number;
}

const features: Part<MeterFeatures> = struct({
  maxMeters: u32,
  bandTypes: u32,
  capabilities: u32,
  maxBands: u8,
  maxColor: u8,
  pad: pad(2),
});

const bandTypeNames: BitNames = [undefined, 'drop', 'dscp_remark'];

export const meterFeaturesReply = defineMessage(
  'METER_FEATURES_REPLY',
  [
    {
      wire: 'OFPST 1.3+ 11 reply',
      size: [features.size, 0],
      decode: (body) => features.read(body),
      encode: (value, to) => features.write(to, value),
    },
  ],
  ({ maxMeters, bandTypes: types, capabilities, maxBands, maxColor }) =>
    `\nmax_meter:${maxMeters} max_bands:${maxBands} max_color:${maxColor}\nband_types: ${formatBits(types, bandTypeNames)}\ncapabilities: ${formatBits(capabilities, flagNames)}\n`,
);
