import { expect, test } from 'vitest';
import { ms } from '../../base/units.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import { type MeterBand, meterFlags } from '../../openflow/messages/meters.ts';
import { SwitchMeters } from './switch-meters.ts';

const band = { type: 'drop', rate: 1, burst: 0, precedence: 0 } as const satisfies MeterBand;
const remark = { ...band, type: 'dscp_remark' } as const;
const { kbps, burst } = meterFlags;

/** Why a datapath is not even asked for a meter; 'asked' where it is. */
function resultOf(flags: number, ...bands: readonly MeterBand[]): string {
  const unasked = (): never => expect.unreachable();
  const meters = new SwitchMeters({
    addMeter: () => 1,
    changeMeter: unasked,
    deleteMeter: unasked,
    meterStats: unasked,
  });
  try {
    meters.add({ meter: 1, flags, bands }, ms(0));
    return 'asked';
  } catch (why) {
    if (!(why instanceof OpenFlowError)) throw why;
    return why.errorName;
  }
}

test.each([
  ['asked', kbps | burst, [band, band]],
  ['OFPMMFC_BAD_FLAGS', burst, []],
  ['OFPMMFC_OUT_OF_BANDS', kbps, []],
  ['OFPMMFC_BAD_RATE', kbps | 0x20, [remark, { ...band, rate: 0 }]],
  ['OFPMMFC_BAD_FLAGS', kbps | 0x20, [remark]],
  ['OFPMMFC_BAD_BAND', kbps, [band, remark]],
] as const)('%s: flags %i, bands %j', (expected, flags, bands) => {
  expect(resultOf(flags, ...bands)).toBe(expected);
});
