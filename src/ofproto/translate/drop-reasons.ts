/**
 * Why a translation sent a packet nowhere. Each is a counter (`Backer.drops`), an event of a trace and a line of the
 * documentation.
 */
export const dropReasons = {
  noInputPort: 'it came in by a port of no bridge',
  noRecirculationContext: 'nothing is known of the recirculation id under which it was looked up',
  noController: 'an action sent it up for a controller, and none is there to take it',
  noCollector: 'an action sampled it, and no collector is there to take it',
  unknownUserData: 'an action sent it up with user data that are none of ours',
  noMatch: 'no rule matches and no controller is there to ask',
  ruleDrops: 'the rule has no actions',
  noBundle: 'no input bundle, dropping',
  partialVlanTag: 'partial VLAN tag, dropping',
  vlanNotAdmitted: 'disallowed VLAN VID for this input port, dropping',
  reservedAddress: 'packet has reserved destination MAC, dropping',
  inactiveMember: 'bonding refused admissibility, dropping',
  learnedIsInput: 'learned port is input port, dropping',
  learnedIsGone: 'learned port is unknown, dropping',
  noOutput: 'no port carries it any further',
  protectedPorts: 'Flow is between protected ports, skipping output.',
  noSuchOutput: 'Nonexistent output port',
  outputIsInput: 'skipping output to input port',
  tooDeep: 'over max translation depth 64',
  tooManyLookups: 'over 4096 resubmit actions',
  tooManyActions: 'resubmits yielded over 64 kB of actions',
} as const satisfies Record<string, string>;

export type DropReason = keyof typeof dropReasons;
