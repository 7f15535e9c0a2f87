/**
 * `Open_vSwitch.statistics`: what the host and its Open vSwitch daemons use, ovs-vswitchd.conf.db(5). The texts of
 * /proc are parsed by pure functions; `readSystemStatistics` reads them. Used only where `enable-statistics` is set.
 */
import { availableParallelism } from 'node:os';
import { SyscallFailed } from '../../base/errors.ts';
import { readdirSync, readTextOrEmpty, statfsSync } from '../../base/files.ts';
import { pidfileOwner } from '../../daemon/pidfile.ts';

/** Clock ticks a second in /proc: fixed by the kernel's interface to user space. */
const ticksPerSecond = 100;
const pageKilobytes = 4;

export function readSystemStatistics(rundir: string): ReadonlyMap<string, string> {
  const statistics = new Map([
    ['cpu', String(availableParallelism())],
    ['load_average', loadAverage(readTextOrEmpty('/proc/loadavg'))],
    ['memory', memoryUse(readTextOrEmpty('/proc/meminfo'))],
  ]);
  const uptime = Number(readTextOrEmpty('/proc/uptime').split(' ')[0] ?? 0);
  for (const file of listFolder(rundir).filter((name) => name.endsWith('.pid'))) {
    const pid = ownerOf(`${rundir}/${file}`);
    const use = pid === undefined ? undefined : processUse(readTextOrEmpty(`/proc/${pid}/stat`), uptime);
    if (use !== undefined) statistics.set(`process_${file.slice(0, -'.pid'.length)}`, use);
  }
  const systems = fileSystems(readTextOrEmpty('/proc/mounts'));
  if (systems !== '') statistics.set('file_systems', systems);
  return statistics;
}

/** The process that a pidfile is of; undefined when it is stale. */
function ownerOf(pidfile: string): number | undefined {
  try {
    return pidfileOwner(pidfile);
  } catch (why) {
    if (why instanceof SyscallFailed) return undefined;
    throw why;
  }
}

/** "0.52 0.58 0.59 1/467 30086" is "0.52,0.58,0.59". */
export function loadAverage(text: string): string {
  return text.split(' ').slice(0, 3).join(',');
}

/** Kilobytes: total, in use, of which caches, total swap, swap in use. */
export function memoryUse(meminfo: string): string {
  const value = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const used = value('MemTotal') - value('MemFree');
  const cached = value('Buffers') + value('Cached');
  const swapUsed = value('SwapTotal') - value('SwapFree');
  return [value('MemTotal'), used, cached, value('SwapTotal'), swapUsed].join(',');
}

/**
 * Fields of proc(5) "stat": size and resident kB, CPU ms, crashes, ms since it was booted and since it started,
 * processor.
 */
export function processUse(stat: string, uptimeSeconds: number): string | undefined {
  // The name, in parentheses, may hold anything.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime, stime, start, size, resident] = [fields[11], fields[12], fields[19], fields[20], fields[21]];
  const processor = fields[36] ?? 0;
  if (utime === undefined || stime === undefined || start === undefined) return undefined;
  if (size === undefined || resident === undefined) return undefined;
  const cpu = ((utime + stime) * 1000) / ticksPerSecond;
  const age = Math.max(0, Math.round(uptimeSeconds * 1000 - (start * 1000) / ticksPerSecond));
  return [Math.floor(size / 1024), resident * pageKilobytes, cpu, 0, age, age, processor].join(',');
}

/** "/,10000,2000 /var,..." of local writable file systems. */
function fileSystems(mounts: string): string {
  const items = localMounts(mounts).flatMap((folder) => {
    const use = diskUse(folder);
    return use === undefined ? [] : [`${folder.replace(/[ ,]/g, '_')},${use}`];
  });
  return items.join(' ');
}

/** The folders that they are mounted at; a device may be mounted at several. */
export function localMounts(mounts: string): string[] {
  return mounts.split('\n').flatMap((line) => {
    const [device = '', folder = '', , options = ''] = line.split(' ');
    const isLocal = device.startsWith('/dev') && options.includes('rw');
    return isLocal ? [folder.replaceAll('\\040', ' ')] : [];
  });
}

function diskUse(folder: string): string | undefined {
  try {
    const { bsize, blocks, bfree } = statfsSync(folder);
    const kilobytes = (count: number) => Math.floor((count * bsize) / 1024);
    return `${kilobytes(blocks)},${kilobytes(blocks) - kilobytes(bfree)}`;
  } catch {
    return undefined; // gone, or not ours to look at
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
