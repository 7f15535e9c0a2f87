/** The ways from one host to another that are measured: what stands between them, as lines for each kind of switch. */

/** Devices of one switch, in names that no other run uses. */
export interface Names {
  /** The outer ends of the two hosts. */
  readonly a: string;
  readonly b: string;
  /** Two bridges, if there are two. */
  readonly left: string;
  readonly right: string;
  /** What joins them: the ends of a veth pair, or patch ports. */
  readonly toRight: string;
  readonly toLeft: string;
}

export interface Topology {
  readonly name: string;
  /** The bridges are joined by a veth pair, made before them. */
  readonly hasTrunk?: boolean;
  /** The first host talks to the address of the left bridge itself. */
  readonly isOwnAddress?: boolean;
  /** Lines of ovs-vsctl. */
  readonly openVswitch: (names: Names) => readonly string[];
  /** Lines of ip and bridge; absent where the kernel's bridge has no such thing. */
  readonly linux?: (names: Names) => readonly string[];
  /** The kernel's bridge must have been built with VLANs for these. */
  readonly needsKernelVlans?: boolean;
}

export const oneBridge: Topology = {
  name: 'one bridge',
  openVswitch: ({ a, b, left }) => [`add-br ${left}`, `add-port ${left} ${a}`, `add-port ${left} ${b}`],
  linux: ({ a, b, left }) => [
    `ip link add ${left} up type bridge`,
    `ip link set ${a} master ${left}`,
    `ip link set ${b} master ${left}`,
  ],
};

/** Access ports of VLAN 7 on two bridges, and a trunk that carries it. */
const trunk: Topology = {
  name: 'a VLAN trunk between two bridges',
  hasTrunk: true,
  needsKernelVlans: true,
  openVswitch: ({ a, b, left, right, toRight, toLeft }) => [
    ...[`add-br ${left}`, `add-port ${left} ${a} tag=7`, `add-port ${left} ${toRight} trunks=7`],
    ...[`add-br ${right}`, `add-port ${right} ${b} tag=7`, `add-port ${right} ${toLeft} trunks=7`],
  ],
  linux: ({ a, b, left, right, toRight, toLeft }) =>
    [
      { bridge: left, access: a, trunk: toRight },
      { bridge: right, access: b, trunk: toLeft },
    ].flatMap(({ bridge, access, trunk }) => [
      `ip link add ${bridge} up type bridge vlan_filtering 1`,
      `ip link set ${access} master ${bridge}`,
      `ip link set ${trunk} master ${bridge}`,
      `bridge vlan add dev ${access} vid 7 pvid untagged`,
      `bridge vlan add dev ${trunk} vid 7`,
    ]),
};

const patch: Topology = {
  name: 'a pair of patch ports between two bridges',
  openVswitch: ({ a, b, left, right, toRight, toLeft }) => [
    ...[`add-br ${left}`, `add-port ${left} ${a}`, `add-br ${right}`, `add-port ${right} ${b}`],
    `add-port ${left} ${toRight} -- set interface ${toRight} type=patch options:peer=${toLeft}`,
    `add-port ${right} ${toLeft} -- set interface ${toLeft} type=patch options:peer=${toRight}`,
  ],
};

const ownAddress: Topology = {
  name: "the bridge's own address",
  isOwnAddress: true,
  openVswitch: ({ a, left }) => [`add-br ${left}`, `add-port ${left} ${a}`],
  linux: ({ a, left }) => [`ip link add ${left} up type bridge`, `ip link set ${a} master ${left}`],
};

/** Besides `oneBridge`. */
export const otherTopologies: readonly Topology[] = [trunk, patch, ownAddress];
