/** BFD sessions and messages as the reference prints them: in `bfd/show` and in its log. */
import { type BfdMessage, bfdFlagNames, bfdFlags } from '../wire/bfd.ts';
import type { BfdReport } from './bfd-types.ts';

/** The names of the flags that are set. */
export function flagsOf(flags: number): (typeof bfdFlagNames)[number][] {
  return bfdFlagNames.filter((name) => (flags & bfdFlags[name]) !== 0);
}

export function formatBfd(report: BfdReport): string {
  const { local, remote } = report;
  return [
    `  Forwarding: ${report.isForwarding}`,
    `  Detect Multiplier: ${report.multiplier}`,
    `  Concatenated Path Down: ${report.isPathDown}`,
    `  TX Interval: Approx ${report.txInterval}ms`,
    `  RX Interval: Approx ${report.rxInterval}ms`,
    `  Detect Time: now ${signed(report.detect)}ms`,
    `  Next TX Time: now ${signed(report.nextTx)}ms`,
    `  Last TX Time: now ${signed(report.lastTx)}ms`,
    '',
    ...linesOfEnd('Local', local),
    '',
    ...linesOfEnd('Remote', remote),
    `  Remote Detect Multiplier: ${remote.multiplier}`,
    '',
  ].join('\n');
}

function linesOfEnd(which: string, end: BfdReport['local']): string[] {
  return [
    `  ${which} Flags: ${formatFlags(end.flags)}`,
    `  ${which} Session State: ${end.state}`,
    `  ${which} Diagnostic: ${end.diagnostic}`,
    `  ${which} Discriminator: 0x${end.discriminator.toString(16)}`,
    `  ${which} Minimum TX Interval: ${end.minTx}ms`,
    `  ${which} Minimum RX Interval: ${end.minRx}ms`,
  ];
}

/** For the log. */
export function formatBfdMessage(message: BfdMessage): string {
  const { version, diagnostic, state, multiplier, size } = message;
  return [
    `\n  vers:${version} diag:"${diagnostic}" state:${state} mult:${multiplier} length:${size}`,
    `  flags: ${formatFlags(flagsOf(message.flags))}`,
    `  my_disc:0x${message.myDiscriminator.toString(16)} your_disc:0x${message.yourDiscriminator.toString(16)}`,
    `  min_tx:${formatInterval(message.minTx)}`,
    `  min_rx:${formatInterval(message.minRx)}`,
    `  min_rx_echo:${formatInterval(message.minEchoRx)}`,
  ].join('\n');
}

function formatInterval(microseconds: number): string {
  return `${microseconds}us (${Math.floor(microseconds / 1000)}ms)`;
}

function formatFlags(flags: readonly string[]): string {
  return flags.length === 0 ? 'none' : flags.join(' ');
}

function signed(number: number): string {
  return number < 0 ? String(number) : `+${number}`;
}
