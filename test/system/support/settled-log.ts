/** The log of a daemon that writes it behind what it answers, as the reference's does: a thread appends, in order. */

const settle = `
mark="mark-$$-$(date +%N)"
ovs-appctl vlog/set unixctl:file:dbg
ovs-appctl "$mark" 2>/dev/null
for wait in $(seq 3000); do grep -q "received request $mark" "$1" && break; sleep 0.02; done
ovs-appctl vlog/set unixctl:file:info
`;

/** A program that ends when all that the daemon has logged before is in its file. */
export function settlingLog(file: string): readonly string[] {
  return ['sh', '-c', settle, 'settle', file];
}

/** One that prints the lines that a regular expression of sed(1) matches then, or as many as a second address says. */
export function loggedLines(file: string, pattern: string, until = ''): readonly string[] {
  return ['sh', '-c', `${settle}\nsed -n "$2" "$1"`, 'logged', file, `/${pattern}/${until}p`];
}
