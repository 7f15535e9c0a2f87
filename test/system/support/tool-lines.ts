/** Lines of scripts that begin with "ofctl", "vsctl" or "appctl", as commands. */

/** What runs for such a line; undefined for another. */
export function toolCommands(command: string, args: readonly string[]): (readonly string[])[] | undefined {
  if (command !== 'ofctl' && command !== 'vsctl' && command !== 'appctl') return undefined;
  const line = [`ovs-${command}`, '--timeout=60', ...args];
  // What is due then the reference does when it next wakes up.
  const isWarp = command === 'appctl' && args[0] === 'time/warp';
  return isWarp ? [line, ['ovs-appctl', 'version']] : [line];
}
