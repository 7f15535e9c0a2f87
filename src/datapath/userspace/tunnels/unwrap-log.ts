/** What the log tells of packets that tunnels refuse, in the reference's words. */
import { LimitedSite, logger } from '../../../base/log.ts';

const log = logger('native_tnl');
const site = new LimitedSite({ perMinute: 60, burst: 5 });

export function logRefused(what: () => string): void {
  log.limited('warn', site, what);
}
