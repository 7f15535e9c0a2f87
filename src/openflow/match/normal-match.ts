/** Says what of a match is in vain, since packets of its type do not have it. */
import { LimitedSite, logger } from '../../base/log.ts';
import { formatMatch } from '../../flow/format-match.ts';
import { keyUnder, normalMask } from '../../flow/normal-match.ts';
import type { OptionMatch } from '../../flow/tunnel-options.ts';
import { portText } from '../ports.ts';

const log = logger('ofp_match');
const normalization = new LimitedSite({ perMinute: 1, burst: 5 });

/** The mask without it; undefined where there is nothing in vain. `key` is zero outside `mask`. */
export function reportNormal(
  key: Uint32Array,
  mask: Uint32Array,
  tunnelOptions?: readonly OptionMatch[] | undefined,
): Uint32Array | undefined {
  const normal = normalMask(key, mask);
  if (normal === undefined) return undefined;
  let isSaid = false;
  log.limited('info', normalization, () => {
    isSaid = true;
    return 'normalization changed ofp_match, details:';
  });
  if (!isSaid) return normal;
  const options = { ports: portText, tunnelOptions };
  log.info(` pre: ${formatMatch(key, mask, options)}`);
  log.info(`post: ${formatMatch(keyUnder(key, normal), normal, options)}`);
  return normal;
}
