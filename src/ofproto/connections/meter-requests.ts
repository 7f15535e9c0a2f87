/** Meters that are asked for and changed: OpenFlow 1.3.5 section 7.3.4.4 and 7.3.5.12 to 7.3.5.14. */
import { maxMeterBands, maxMeters } from '../../datapath/meter.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { allMeters, type MeterStats, meterFlags } from '../../openflow/messages/meters.ts';
import type { Meter } from '../meters/switch-meters.ts';
import type { Ofproto } from '../ofproto.ts';
import { durationOf } from './duration.ts';
import type { RequestHandlers } from './request-handler.ts';

/** Bit of `MeterFeatures.bandTypes`. */
const dropBand = 2;

export const meterRequests: RequestHandlers = {
  METER_MOD(connection, { value, xid }) {
    const { ofproto } = connection;
    ofproto.changes.modifyMeter(value);
    ofproto.controllers.requestForwarded({ name: 'METER_MOD', value }, connection.requester(xid));
  },
  METER_REQUEST: (connection, request) =>
    connection.replyList(request, 'METER_REPLY', statsOf(connection.ofproto, request.value.meter)),
  METER_CONFIG_REQUEST: (connection, request) =>
    connection.replyList(request, 'METER_CONFIG_REPLY', metersOf(connection.ofproto, request.value.meter)),
  METER_FEATURES_REQUEST(connection, request) {
    const isAble = connection.ofproto.hasMeters;
    connection.reply(request, {
      name: 'METER_FEATURES_REPLY',
      value: {
        maxMeters: isAble ? maxMeters : 0,
        bandTypes: isAble ? dropBand : 0,
        capabilities: isAble ? Object.values(meterFlags).reduce((all, bit) => all | bit, 0) : 0,
        maxBands: isAble ? maxMeterBands : 0,
        maxColor: 0,
      },
    });
  },
};

/** The one of that number, or all. Throws OpenFlowError where there is none of it. */
function metersOf({ meters }: Ofproto, number: number): Meter[] {
  if (number === allMeters) return [...meters];
  const meter = meters.get(number);
  if (meter === undefined) throw new OpenFlowError('OFPMMFC_UNKNOWN_METER', `there is no meter ${number}`);
  return [meter];
}

function statsOf(ofproto: Ofproto, number: number): MeterStats[] {
  return metersOf(ofproto, number).map((one) => {
    const { packetCount, byteCount, bands } = ofproto.meters.statsOf(one);
    return {
      meter: one.meter,
      flows: ofproto.tables.meterUsers.countOf(one.meter),
      packets: BigInt(packetCount),
      bytes: BigInt(byteCount),
      duration: durationOf(ofproto.now - one.createdAt),
      bands: bands.map((band) => ({ packets: BigInt(band.packetCount), bytes: BigInt(band.byteCount) })),
    };
  });
}
