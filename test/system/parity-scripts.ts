/**
 * Configurations that both daemons must make the same of: lines for ovs-vsctl, as an administrator types them. A
 * line "ip ..." changes devices of the host. Every script starts on an empty switch with the devices e1 to e4 and
 * ends with all bridges deleted. br0 has the userspace datapath, the only one that both have everywhere.
 */

export interface Script {
  readonly name: string;
  readonly lines: readonly string[];
}

const br0 = 'add-br br0 -- set bridge br0 datapath_type=netdev';
const br1 = 'add-br br1 -- set bridge br1 datapath_type=netdev';

const table: Readonly<Record<string, readonly string[]>> = {
  'an empty bridge': [br0],
  'one port': [br0, 'add-port br0 e1'],
  'two ports': [br0, 'add-port br0 e1', 'add-port br0 e2'],
  'two ports in one transaction': [br0, 'add-port br0 e1 -- add-port br0 e2'],
  'bridge and ports in one transaction': [`${br0} -- add-port br0 e1`],
  'a port added and deleted': [br0, 'add-port br0 e1', 'del-port br0 e1'],
  'a port deleted and added again': [br0, 'add-port br0 e1', 'del-port e1', 'add-port br0 e1'],
  'a port deleted and another added': [br0, 'add-port br0 e1', 'del-port e1', 'add-port br0 e2'],
  'a port replaced in one transaction': [br0, 'add-port br0 e1', 'del-port e1 -- add-port br0 e1'],
  'a bridge deleted': [br0, 'add-port br0 e1', 'del-br br0'],
  'a bridge made again': [br0, 'add-port br0 e1', 'del-br br0', br0, 'add-port br0 e1'],
  'two bridges': [br0, br1, 'add-port br0 e1', 'add-port br1 e2'],
  'a port moved between bridges': [br0, br1, 'add-port br0 e1', 'del-port br0 e1', 'add-port br1 e1'],
  'a port moved in one transaction': [br0, br1, 'add-port br0 e1', 'del-port br0 e1 -- add-port br1 e1'],
  'a missing device': [br0, 'add-port br0 nosuch'],
  'a missing device among others': [br0, 'add-port br0 e1 -- add-port br0 nosuch -- add-port br0 e2'],
  'a missing device deleted': [br0, 'add-port br0 nosuch', 'del-port nosuch'],
  'a missing device that comes': [
    br0,
    'add-port br0 late',
    'ip link add late type veth peer name late-peer',
    'wait-until interface late ofport!=-1',
  ],
  // Meanwhile we report it as missing, which the reference does not.
  'a device that goes and comes': [
    br0,
    'ip link add back type veth peer name back-peer',
    'add-port br0 back',
    'ip link del back',
    'ip link add back type veth peer name back-peer',
    'ip link set back up',
    'wait-until interface back admin_state=up',
  ],
  'an unknown interface type': [br0, 'add-port br0 x -- set interface x type=foo'],
  'an unknown type made known': [
    br0,
    'add-port br0 x -- set interface x type=foo',
    'set interface x type=internal',
  ],
  'a reserved name': [br0, 'add-port br0 ovs-netdev'],
  'the loopback device': [br0, 'add-port br0 lo'],
  'an internal port': [br0, 'add-port br0 in1 -- set interface in1 type=internal'],
  'an internal port with an address': [
    br0,
    'add-port br0 in1 -- set interface in1 type=internal mac="00\\:11\\:22\\:33\\:44\\:66"',
  ],
  'an internal port made a system one': [
    br0,
    'add-port br0 in1 -- set interface in1 type=internal',
    'set interface in1 type=system',
  ],
  'a tap port': [br0, 'add-port br0 t1 -- set interface t1 type=tap'],
  'a type named explicitly': [br0, 'add-port br0 e1 -- set interface e1 type=system'],
  'an existing device as internal': [br0, 'add-port br0 e1 -- set interface e1 type=internal'],
  'a requested number': [br0, 'add-port br0 e1 -- set interface e1 ofport_request=20'],
  'a requested number changed': [
    br0,
    'add-port br0 e1 -- set interface e1 ofport_request=20',
    'set interface e1 ofport_request=30',
  ],
  'a requested number cleared': [
    br0,
    'add-port br0 e1 -- set interface e1 ofport_request=20',
    'clear interface e1 ofport_request',
  ],
  'a requested number that is taken': [
    br0,
    'add-port br0 e1 -- set interface e1 ofport_request=20',
    'add-port br0 e2 -- set interface e2 ofport_request=20',
  ],
  'a number after a requested one': [
    br0,
    'add-port br0 e1 -- set interface e1 ofport_request=20',
    'add-port br0 e2',
  ],
  'a number requested later': [br0, 'add-port br0 e1', 'set interface e1 ofport_request=9'],
  'the number that it has, requested': [br0, 'add-port br0 e1', 'set interface e1 ofport_request=1'],
  'numbers swapped': [
    br0,
    'add-port br0 e1 -- add-port br0 e2',
    'set interface e1 ofport_request=2 -- set interface e2 ofport_request=1',
  ],
  'an access port': [br0, 'add-port br0 e1 tag=5'],
  'an access port changed': [br0, 'add-port br0 e1 tag=5', 'set port e1 tag=6', 'clear port e1 tag'],
  'a trunk': [br0, 'add-port br0 e1 trunks=5,6'],
  'trunks and a tag': [br0, 'add-port br0 e1 tag=5 trunks=6,7'],
  'every VLAN mode': [
    br0,
    'add-port br0 e1 -- set port e1 vlan_mode=trunk',
    'set port e1 vlan_mode=access tag=5',
    'set port e1 vlan_mode=native-tagged trunks=6',
    'set port e1 vlan_mode=native-untagged',
    'set port e1 vlan_mode=dot1q-tunnel cvlans=7',
    'set port e1 other_config:qinq-ethtype=802.1q',
  ],
  'a VLAN out of range': [br0, 'add-port br0 e1 tag=4096'],
  'priority tags': [br0, 'add-port br0 e1 -- set port e1 other_config:priority-tags=always'],
  'a protected port': [br0, 'add-port br0 e1 -- set port e1 protected=true'],
  'a fake bridge': [br0, 'add-br vb br0 10'],
  'a fake bridge with a port': [br0, 'add-br vb br0 10', 'add-port vb e1'],
  'a fake bridge deleted': [br0, 'add-br vb br0 10', 'add-port vb e1', 'del-br vb'],
  'two fake bridges': [br0, 'add-br vb br0 10', 'add-br vc br0 11'],
  'a fake bridge of the same VLAN twice': [br0, 'add-br vb br0 10', 'add-br vc br0 10'],
  'a fake bridge and its parent deleted': [br0, 'add-br vb br0 10', 'del-br br0'],
  'patch ports': [
    `${br0} -- ${br1}`,
    'add-port br0 p0 -- set interface p0 type=patch options:peer=p1',
    'add-port br1 p1 -- set interface p1 type=patch options:peer=p0',
  ],
  'patch ports in one transaction': [
    `${br0} -- ${br1} -- add-port br0 p0 -- set interface p0 type=patch options:peer=p1 -- add-port br1 p1 -- set interface p1 type=patch options:peer=p0`,
  ],
  'a patch port without peer': [br0, 'add-port br0 p0 -- set interface p0 type=patch'],
  'a patch port whose peer is missing': [
    br0,
    'add-port br0 p0 -- set interface p0 type=patch options:peer=no',
  ],
  'a patch port that is its own peer': [
    br0,
    'add-port br0 p0 -- set interface p0 type=patch options:peer=p0',
  ],
  'a patch port that gets a peer': [
    br0,
    'add-port br0 p0 -- set interface p0 type=patch',
    'set interface p0 options:peer=no',
  ],
  'a patch port that loses its peer': [
    br0,
    'add-port br0 p0 -- set interface p0 type=patch options:peer=no',
    'remove interface p0 options peer',
  ],
  'a hardware address for the bridge': [
    br0,
    'set bridge br0 other_config:hwaddr="00\\:11\\:22\\:33\\:44\\:55"',
  ],
  'a hardware address taken back': [
    br0,
    'set bridge br0 other_config:hwaddr="00\\:11\\:22\\:33\\:44\\:55"',
    'remove bridge br0 other_config hwaddr',
  ],
  'a multicast hardware address': [br0, 'set bridge br0 other_config:hwaddr="01\\:11\\:22\\:33\\:44\\:55"'],
  'a hardware address that is none': [br0, 'set bridge br0 other_config:hwaddr=zz'],
  'the lowest global address of the ports': [
    br0,
    'ip link set e1 address 00:10:00:00:00:02',
    'ip link set e2 address 00:10:00:00:00:01',
    'add-port br0 e1',
    'add-port br0 e2',
  ],
  'the lowest global address goes': [
    br0,
    'ip link set e1 address 00:10:00:00:00:02',
    'ip link set e2 address 00:10:00:00:00:01',
    'add-port br0 e1 -- add-port br0 e2',
    'del-port e2',
  ],
  'an address of a port row': [br0, 'add-port br0 e1 -- set port e1 mac="00\\:11\\:22\\:33\\:44\\:77"'],
  'a fake bridge whose parent has another address': [
    br0,
    'add-br f0 br0 10',
    'set bridge br0 other_config:hwaddr="00\\:11\\:22\\:33\\:44\\:55"',
    'add-br f1 br0 20',
  ],
  'a fake bridge with a device of its VLAN': [
    br0,
    'add-br f0 br0 10 -- add-br f1 br0 20',
    'ip link set e1 address 00:11:22:33:44:01',
    'ip link set e2 address 00:11:22:33:44:02',
    'add-port f0 e1 -- add-port br0 e2',
  ],
  'a fake bridge that keeps an address': [
    br0,
    'add-br f0 br0 10',
    'ip link set e1 address 00:11:22:33:44:01',
    'add-port f0 e1',
    'wait-until interface f0 mac_in_use="00\\:11\\:22\\:33\\:44\\:01"',
    'del-port e1',
  ],
  'a fake bridge with an address of its own': [
    br0,
    'add-br f0 br0 10 -- set interface f0 mac="00\\:11\\:22\\:33\\:44\\:66"',
  ],
  'a global address of an internal port': [
    br0,
    'add-port br0 in1 -- set interface in1 type=internal mac="00\\:11\\:22\\:33\\:44\\:66"',
    'wait-until interface br0 mac_in_use="00\\:11\\:22\\:33\\:44\\:66"',
  ],
  'a global address of a TAP port': [
    br0,
    'add-port br0 t1 -- set interface t1 type=tap',
    'ip link set t1 address 00:11:22:33:44:66',
  ],
  'an address of the bridge that others change': [
    br0,
    'set bridge br0 other_config:hwaddr="00\\:11\\:22\\:33\\:44\\:55"',
    'ip link set br0 address 00:11:22:33:44:66',
  ],
  'a bond whose first device has the higher address': [
    br0,
    'ip link set e1 address 00:11:22:33:44:02',
    'ip link set e2 address 00:11:22:33:44:01',
    'add-bond br0 bond0 e1 e2',
    'del-port bond0',
    'add-bond br0 bond0 e1 e2 -- set port bond0 mac="00\\:11\\:22\\:33\\:44\\:00"',
    'clear port bond0 mac',
  ],
  'a datapath id': [br0, 'set bridge br0 other_config:datapath-id=0000000000000abc'],
  'a datapath id in short': [br0, 'set bridge br0 other_config:datapath-id=0xabc'],
  'a datapath id that is none': [br0, 'set bridge br0 other_config:datapath-id=xyz'],
  'fail mode': [br0, 'set-fail-mode br0 secure', 'set-fail-mode br0 standalone', 'del-fail-mode br0'],
  'a smaller MTU of a port': [br0, 'ip link set e1 mtu 1400', 'add-port br0 e1'],
  'a smaller MTU later': [
    br0,
    'add-port br0 e1',
    'ip link set e1 mtu 1400',
    'wait-until interface br0 mtu=1400',
  ],
  'a larger MTU of all ports': [br0, 'ip link set e1 mtu 2000', 'add-port br0 e1'],
  'the smallest MTU of several': [
    br0,
    'ip link set e1 mtu 1400',
    'ip link set e2 mtu 1300',
    'add-port br0 e1 -- add-port br0 e2',
    'del-port e2',
  ],
  'an internal port among larger ones': [
    br0,
    'ip link set e1 mtu 2000',
    'add-port br0 e1',
    'wait-until interface br0 mtu=2000',
    'add-port br0 in1 -- set interface in1 type=internal',
  ],
  'a TAP port among smaller ones': [
    br0,
    'ip link set e1 mtu 1400',
    'add-port br0 e1',
    'wait-until interface br0 mtu=1400',
    'add-port br0 t1 -- set interface t1 type=tap',
  ],
  'an MTU of the bridge made too large': [
    br0,
    'ip link set e1 mtu 1400',
    'add-port br0 e1',
    'wait-until interface br0 mtu=1400',
    'ip link set br0 mtu 1500',
  ],
  'an MTU of the bridge made smaller': [
    br0,
    'add-port br0 e1',
    'ip link set br0 mtu 1300',
    'wait-until interface br0 mtu=1300',
    'set bridge br0 external_ids:a=b',
  ],
  'a requested MTU that others change': [
    br0,
    'add-port br0 e1 -- set interface e1 mtu_request=1300',
    'wait-until interface br0 mtu=1300',
    'ip link set e1 mtu 1400',
  ],
  'a requested MTU taken back': [
    br0,
    'add-port br0 e1',
    'set interface br0 mtu_request=1350',
    'clear interface br0 mtu_request',
  ],
  'an MTU request of a device': [br0, 'add-port br0 e1 -- set interface e1 mtu_request=1300'],
  'an MTU request of an internal port': [
    br0,
    'add-port br0 in1 -- set interface in1 type=internal mtu_request=1300',
  ],
  'an MTU request of the bridge': [br0, 'add-port br0 e1', 'set interface br0 mtu_request=1350'],
  'an MTU request that the kernel refuses': [br0, 'add-port br0 e1', 'set interface e1 mtu_request=1000000'],
  'a device set down': [
    br0,
    'add-port br0 e1',
    'ip link set e1 down',
    'wait-until interface e1 admin_state=down',
  ],
  'a device set up again': [
    br0,
    'add-port br0 e1',
    'ip link set e1 down',
    'wait-until interface e1 admin_state=down',
    'ip link set e1 up',
    'wait-until interface e1 admin_state=up',
  ],
  'a device renamed to a wanted name': [
    br0,
    'ip link add old type veth peer name old-peer',
    'add-port br0 new',
    'ip link set old name new',
    'wait-until interface new ofport!=-1',
  ],
  'external ids': [
    br0,
    'br-set-external-id br0 a b',
    'add-port br0 e1 -- set interface e1 external_ids:iface-id=x',
  ],
  'a duplicate port name': [br0, 'add-port br0 e1', 'add-port br0 e1'],
  'a port of the name of another bridge': [br0, br1, 'add-port br0 br1'],
  'a bridge of the name of a port': [br0, 'add-port br0 e1', 'add-br e1'],
  'may exist': [br0, 'add-port br0 e1', '--may-exist add-port br0 e1', '--may-exist add-br br0'],
  'if exists': ['--if-exists del-br br0', br0, '--if-exists del-port br0 e9'],
  'deleting what is not there': [br0, 'del-port br0 e9'],
  'an unknown datapath type': ['add-br bad -- set bridge bad datapath_type=foo'],
  'a bond taken apart': [br0, 'add-bond br0 bond0 e1 e2', 'del-port bond0', 'add-port br0 e1'],
  'statistics switched on': [br0, 'set open . other_config:enable-statistics=false'],
  'other settings of the switch': [
    br0,
    'set open . other_config:max-idle=20000 other_config:flow-limit=5000',
    'clear open . other_config',
  ],
  'forward bpdu': [br0, 'set bridge br0 other_config:forward-bpdu=true'],
  'address table': [br0, 'set bridge br0 other_config:mac-aging-time=60 other_config:mac-table-size=100'],
  'flood vlans': [br0, 'set bridge br0 flood_vlans=1,2,3'],
  // Without a requested number, the order in which a transaction's ports get theirs is nobody's promise.
  // The reference numbers them in the order of a hash of their names.
  'ports without numbers at once': [br0, 'add-port br0 e1 -- add-port br0 e2 -- add-port br0 e4'],
  'many ports at once': [
    br0,
    ['e1', 'e2', 'e3', 'e4']
      .map((name, n) => `add-port br0 ${name} -- set interface ${name} ofport_request=${n + 1}`)
      .join(' -- '),
  ],
  'many internal ports with numbers': [
    br0,
    Array.from(
      { length: 20 },
      (_, n) => `add-port br0 in${n} -- set interface in${n} type=internal ofport_request=${n + 100}`,
    ).join(' -- '),
  ],
  'many ports deleted at once': [
    br0,
    Array.from(
      { length: 20 },
      (_, n) => `add-port br0 in${n} -- set interface in${n} type=internal ofport_request=${n + 100}`,
    ).join(' -- '),
    Array.from({ length: 19 }, (_, n) => `del-port in${n}`).join(' -- '),
  ],
  'several bridges at once': [
    Array.from({ length: 5 }, (_, n) => `add-br b${n} -- set bridge b${n} datapath_type=netdev`).join(' -- '),
  ],
  'a local port removed': [br0, 'del-port br0 br0'],
  'a bridge without a local port': [
    '-- --id=@b create bridge name=br0 datapath_type=netdev -- add open . bridges @b',
  ],
  'an interface that two ports have': [
    br0,
    'add-port br0 e1',
    '-- --id=@i get interface e1 -- --id=@p create port name=other interfaces=@i -- add bridge br0 ports @p',
  ],
};

export const scripts: readonly Script[] = Object.entries(table).map(([name, lines]) => ({ name, lines }));
