/**
 * What rows name as controllers and managers. Which sockets of this host a Controller row may name: who may write to
 * the database is not to be able to put sockets wherever the daemon may, nor to have it speak to whoever listens
 * anywhere.
 */
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { InBandRemote } from '../../ofproto/config.ts';

/** Why the daemon does not use it, as the reference says it; undefined where it does. */
export function refusalOfTarget(
  bridge: string,
  target: string,
  runFolder: string | undefined,
): string | undefined {
  const [, kind, path = ''] = /^(p?unix):(.*)$/s.exec(target) ?? [];
  if (kind === undefined || runFolder === undefined) return undefined;
  const instead = `or connect to "unix:${runFolder}/${bridge}.mgmt" (which is always available without special configuration).`;
  if (kind === 'punix') {
    const start = `${runFolder}/${bridge}.`;
    if (path.startsWith(start) && !path.slice(start.length).includes('/')) return undefined;
    return (
      `Not adding Unix domain socket controller "${target}" due to possibility of overwriting local files. ` +
      `Instead, specify path in permitted format "punix:${start}*" ${instead}`
    );
  }
  // Differs: the reference takes a path that leaves the folder by ".."
  if (resolve(runFolder, path).startsWith(`${runFolder}/`)) return undefined;
  return (
    `Not connecting to socket controller "${target}" due to possibility for remote exploit.  ` +
    `Instead, specify socket in permitted directory "unix:${runFolder}/" ${instead}`
  );
}

/** Where the host connects to in order to reach it, if that may be by way of a bridge: at an IPv4 address. */
export function inBandRemote(target: string, defaultPort: number): InBandRemote | undefined {
  const [, address = '', port = ''] = /^(?:tcp|ssl):([\d.]+)(?::(\d{1,5}))?$/.exec(target) ?? [];
  if (!isIPv4(address)) return undefined;
  return { address, port: port === '' ? defaultPort : Number(port) };
}
