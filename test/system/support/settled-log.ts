/** The log of a daemon that writes it behind what it answers, as the reference's does: a thread appends, in order. */
import { spawnSync } from 'node:child_process';

const settle = `
mark="mark-$$-$(date +%N)"
ovs-appctl vlog/set unixctl:file:dbg
ovs-appctl "$mark" 2>/dev/null
rounds=3000
until grep -q "received request $mark" "$1"; do
  [ $((rounds -= 1)) -gt 0 ] || { echo "waited 60 s for the mark in $1" >&2; exit 1; }
  sleep 0.02
done
ovs-appctl vlog/set unixctl:file:info
`;

/** Returns when all that the daemon of that environment has logged before is in its file. */
export function settleLog(file: string, env: NodeJS.ProcessEnv): void {
  const { status, stderr } = spawnSync('sh', ['-c', settle, 'settle', file], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** Prints the lines that a regular expression of sed(1) matches then, or as many as a second address says. */
export function loggedLines(file: string, pattern: string, until = ''): readonly string[] {
  return ['sh', '-c', `${settle}\nsed -n "$2" "$1"`, 'logged', file, `/${pattern}/${until}p`];
}
