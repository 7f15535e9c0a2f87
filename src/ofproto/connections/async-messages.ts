/** Which messages a connection is sent unasked: OpenFlow 1.5.1 section 6.3.4 and 7.3.10; NXT_SET_ASYNC_CONFIG. */
import type { Received } from '../../openflow/codec.ts';
import type { AsyncConfig, AsyncMasks } from '../../openflow/messages/async.ts';
import type { WireVersion } from '../../openflow/versions.ts';

export type AsyncKind = keyof AsyncMasks;

export const invalidTtlBit = 1 << 2;

/** What is sent unless another choice is made. */
export function defaultAsyncConfig(version: WireVersion): AsyncConfig {
  const flowRemoved = version > 4 ? 0x3f : version === 4 ? 0xf : 7;
  return {
    primary: { packetIn: version > 4 ? 0x3b : 3, portStatus: 7, flowRemoved },
    secondary: { packetIn: 0, portStatus: 7, flowRemoved: 0 },
  };
}

/** The forms that tell three kinds only switch all others off; the others leave those that they do not tell. */
export function changedAsyncConfig(
  before: AsyncConfig,
  { value: change, form, version }: Pick<Received, 'form' | 'version'> & { readonly value: AsyncConfig },
): AsyncConfig {
  if (form === 'NXT_SET_ASYNC_CONFIG' || (form === 'OFPT_SET_ASYNC' && version === 4)) return change;
  return {
    primary: { ...before.primary, ...change.primary },
    secondary: { ...before.secondary, ...change.secondary },
  };
}

/** `reason` is the bit's number. */
export function isSent({ primary, secondary }: AsyncConfig, what: AsyncMessage): boolean {
  const masks = what.isSecondary ? secondary : primary;
  return (((masks[what.kind] ?? 0) >>> what.reason) & 1) !== 0;
}

interface AsyncMessage {
  readonly isSecondary: boolean;
  readonly kind: AsyncKind;
  readonly reason: number;
}
