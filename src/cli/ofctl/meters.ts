/** Commands about meters: ovs-ofctl(8), "Meter Table Commands". */
import type { Sent } from '../../openflow/codec.ts';
import { allMeters, type MeterCommand } from '../../openflow/messages/meters.ts';
import { protocolSets } from '../../openflow/protocols/protocols.ts';
import { readMeterMod, readMeterNumber } from '../../openflow/text/meters.ts';
import { orFatal } from './arguments.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { printAnswer } from './dump.ts';
import { openForChanges } from './protocol.ts';

/** A command with SWITCH and a meter; that to delete does without, for all of them. */
export function changeMeter(command: MeterCommand) {
  return async (context: OfctlContext, [target = '', text]: readonly string[]): Promise<void> => {
    const value =
      text === undefined
        ? { command, meter: allMeters, flags: 0, bands: [] }
        : await orFatal(() => readMeterMod(text, command));
    const { connection } = await openForChanges(context, target, protocolSets.since13);
    await perform(context, target, connection, { name: 'METER_MOD', value });
  };
}

/** A command that prints what a switch says of a meter, or of all of them. */
export function dumpMeters(name: 'METER_REQUEST' | 'METER_CONFIG_REQUEST') {
  return async (context: OfctlContext, [target = '', text]: readonly string[]): Promise<void> => {
    const meter = text === undefined ? allMeters : await orFatal(() => readMeterNumber(text));
    await ask(context, target, { name, value: { meter } });
  };
}

/** What `meter-features SWITCH` does. */
export async function meterFeatures(context: OfctlContext, [target = '']: readonly string[]): Promise<void> {
  await ask(context, target, { name: 'METER_FEATURES_REQUEST', value: undefined });
}

async function ask(context: OfctlContext, target: string, request: Sent): Promise<void> {
  const { connection } = await openForChanges(context, target, protocolSets.since13);
  await printAnswer(context, target, connection, request);
}
