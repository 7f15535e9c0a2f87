/** What a Controller row asks for. */
import { isActiveName, needsProbes } from '../../net/remote.ts';
import { type ControllerSettings, defaultController } from '../../ofproto/config.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { OvsRow } from '../schema/index.ts';
import { controllerKeys } from './config-keys.ts';
import { readKeys } from './keys.ts';
import { type LocalAddress, readLocalAddress } from './local-address.ts';

/** What a Controller row says. */
export interface WantedController extends Omit<ControllerSettings, 'queueSize'> {
  /** Undefined for that of the bridge. */
  readonly queueSize: number | undefined;
  /** It is reached by way of the switch itself, where that is possible. */
  readonly isInBand: boolean;
  /** For the local port. */
  readonly localAddress: LocalAddress | undefined;
}

export function readControllerRow(row: OvsRow<'Controller'>): WantedController {
  const { target, max_backoff: backoff, inactivity_probe: probe } = row;
  return {
    isForTools: false,
    target,
    type: row.type ?? (isActiveName(target) ? 'primary' : 'service'),
    maxBackoff: backoff === undefined ? defaultController.maxBackoff : wholeSeconds(backoff),
    probeInterval: probe === undefined ? defaultProbe(target) : wholeSeconds(probe),
    dscp: readKeys(controllerKeys, row.other_config).dscp,
    isInBand: row.connection_mode !== 'out-of-band',
    localAddress: readLocalAddress(row),
    isToldAsynchronously: row.enable_async_messages ?? true,
    rateLimit: numberOf(row.controller_rate_limit),
    burstLimit: numberOf(row.controller_burst_limit),
    queueSize: numberOf(row.controller_queue_size),
  };
}

/** Of a peer on this host the kernel tells. */
function defaultProbe(target: string): number {
  return needsProbes(target) ? defaultController.probeInterval : 0;
}

function wholeSeconds(milliseconds: Integer): number {
  return Math.max(0, Math.floor(Number(milliseconds) / 1000));
}

function numberOf(value: Integer | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
