/**
 * Command lines for the control socket of ovs-vswitchd, in chapters that begin with a fresh daemon each. A line is a
 * command and its arguments, split at spaces; single quotes hold a word together. "vsctl ..." is an ovs-vsctl line.
 * Every line is said to the reference's daemon and to ours, which must answer alike.
 */
export const chapters: Readonly<Record<string, string>> = {
  'without a bridge': `
    dpif/show
    dpif/dump-dps
    dpctl/show
    dpctl/dump-dps
    dpctl/dump-flows
    ofproto/list
    upcall/show
    fdb/show br0
    fdb/flush
    fdb/stats-clear
    memory/show
    -T60 revalidator/wait
    revalidator/purge
  `,
  'wrong arguments': `
    vsctl add-br br0
    nonsense
    version x
    list-commands x
    memory/show x
    coverage/show x
    coverage/read-counter
    coverage/read-counter nonsense
    coverage/read-counter a b
    ofproto/list x
    dpif/show x
    dpif/show-dp-features
    dpif/show-dp-features nope
    dpif/dump-flows
    dpif/dump-flows nope
    dpif/dump-flows -x br0
    dpif/dump-flows br0 br0
    dpif/dump-flows br0 -m
    dpif/dump-dps x
    dpctl/show nope
    dpctl/show -x
    dpctl/show dummy@nope
    dpctl/show nope@nope
    dpctl/dump-dps x
    dpctl/dump-flows nope
    dpctl/dump-flows a b
    dpctl/dump-flows -x
    dpctl/dump-flows type=
    dpctl/dump-flows type=nonsense
    dpctl/dump-flows filter=
    dpctl/dump-flows filter=nonsense
    dpctl/dump-flows filter=in_port=1,nonsense
    dpctl/dump-flows pmd=1
    dpctl/dump-flows filter=ip filter=tcp
    dpctl/dump-flows type=ovs type=ovs
    dpctl/del-flows nope
    dpctl/add-flow
    dpctl/add-flow a
    dpctl/add-flow nonsense 1
    dpctl/add-flow nope in_port(1) 1
    dpctl/add-flow in_port(1) nonsense
    dpctl/add-flow in_port(1),nope(2) 1
    dpctl/add-flow eth(),eth_type(0x0800),ipv4() 3
    dpctl/add-flow a b c d
    dpctl/mod-flow in_port(1),eth_type(0x1234) 1
    dpctl/del-flow in_port(1),eth_type(0x1234)
    dpctl/del-flow nonsense
    dpctl/get-flow nonsense
    dpctl/get-flow ufid:00000000-0000-0000-0000-000000000000
    dpctl/get-flow
    dpctl/add-flows nope
    dpctl/mod-flows nope nope
    dpctl/add-dp
    dpctl/add-dp nope@x
    dpctl/del-dp nope@x
    dpctl/del-dp dummy@x
    dpctl/add-if dummy@x y
    dpctl/add-if dummy@x
    dpctl/set-if dummy@x y
    dpctl/del-if dummy@x y
    dpctl/parse-actions
    dpctl/parse-actions 1,2 drop
    dpctl/parse-actions 1,push_vlan(vid=5,pcp=1),pop_vlan,trunc(100)
    dpctl/parse-actions nonsense
    dpctl/parse-actions 1 nonsense 2
    dpctl/parse-actions set(ipv4(dst=1.2.3.4))
    upcall/set-flow-limit
    upcall/set-flow-limit 2000
    upcall/set-flow-limit nonsense
    upcall/disable-megaflows
    upcall/enable-megaflows
    revalidator/pause
    revalidator/resume
    revalidator/pause x
    dpctl/del-flows a b c
    fdb/show
    fdb/show nope
    fdb/show a b
    fdb/stats-show
    fdb/stats-show nope
    fdb/stats-clear nope
    fdb/flush nope
    fdb/flush a b
    fdb/add
    fdb/add br0 p1 0
    fdb/add nope p1 0 50:54:00:00:00:05
    fdb/add br0 nope 0 50:54:00:00:00:05
    fdb/add br0 br0 0 nonsense
    fdb/del br0 0
    fdb/del nope 0 50:54:00:00:00:05
    fdb/del br0 0 nonsense
    fdb/del br0 0 50:54:00:00:00:05
    bridge/dump-flows
    bridge/dump-flows nope
    bridge/dump-flows br0 br0
    bridge/dump-flows --nonsense br0
    bridge/dump-flows a b c
    qos/show
    qos/show nope
    qos/show br0
    qos/show-types
    qos/show-types nope
    qos/show-types br0
    upcall/show x
    revalidator/wait x
    revalidator/purge x
    time/stop x
    time/warp
    time/warp nonsense
    time/warp 0
    time/warp -5
    time/warp 1 2 3
    netdev-dummy/receive
    netdev-dummy/receive br0
    netdev-dummy/receive nope 00
    netdev-dummy/receive br0 nonsense
    netdev-dummy/receive br0 0011
    netdev-dummy/receive br0 in_port(1)
    netdev-dummy/receive br0 in_port(1),eth(
    netdev-dummy/set-admin-state
    netdev-dummy/set-admin-state sideways
    netdev-dummy/set-admin-state nope up
    netdev-dummy/set-admin-state br0 sideways
    netdev-dummy/set-admin-state br0 up
    netdev-dummy/set-admin-state down
    netdev-dummy/set-admin-state up
    vlog/set nonsense
    vlog/set ANY:nonsense
    vlog/set ANY:file:nonsense
    vlog/set ANY:file:dbg:x
    vlog/set bridge:dbg:info
    vlog/set file:console
    vlog/set bridge:dpif
    vlog/set PATTERN
    vlog/set PATTERN:
    vlog/set PATTERN:nonsense:x
    vlog/set PATTERN:file
    vlog/set FACILITY
    vlog/set FACILITY:
    vlog/set FACILITY:nonsense
    vlog/set FACILITY:daemon
    vlog/set ''
    vlog/set any any
    vlog/set file:off console:off
    vlog/set file:info
    vlog/list x
    vlog/list-pattern x
    vlog/list-pattern
    vlog/reopen x
    vlog/close x
    vlog/close
    vlog/reopen
    vlog/enable-rate-limit nonsense
    vlog/disable-rate-limit nonsense
    vlog/disable-rate-limit bridge nonsense dpif
    vlog/disable-rate-limit any
    vlog/enable-rate-limit
  `,
  'a bridge and its traffic': `
    time/stop
    vsctl add-br br0 -- set bridge br0 datapath_type=dummy fail-mode=standalone other-config:hwaddr=aa:55:aa:55:00:00
    vsctl add-port br0 p1 -- set interface p1 type=dummy
    vsctl add-port br0 p2 -- set interface p2 type=dummy
    vsctl add-port br0 p3 tag=5 -- set interface p3 type=dummy
    vsctl add-br br1 -- set bridge br1 datapath_type=dummy other-config:hwaddr=aa:55:aa:55:01:00
    vsctl add-port br1 to0 -- set interface to0 type=patch options:peer=to1 -- add-port br0 to1 -- set interface to1 type=patch options:peer=to0
    vsctl add-port br1 p4 -- set interface p4 type=dummy
    ofproto/list
    dpif/show
    dpif/dump-dps
    dpctl/show
    dpctl/show dummy@ovs-dummy
    dpctl/show -s
    dpctl/show --statistics
    dpctl/show ovs-dummy
    dpctl/show dummy@ovs-dummy dummy@ovs-dummy
    dpctl/dump-dps
    netdev-dummy/receive p1 'in_port(1),eth(src=50:54:00:00:00:05,dst=ff:ff:ff:ff:ff:ff),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=1,tos=0,ttl=64,frag=no),icmp(type=8,code=0)'
    netdev-dummy/receive p2 'in_port(2),eth(src=50:54:00:00:00:07,dst=50:54:00:00:00:05),eth_type(0x0800),ipv4(src=10.0.0.2,dst=10.0.0.1,proto=6,tos=0,ttl=64,frag=no),tcp(src=80,dst=1000)'
    netdev-dummy/receive p3 'in_port(3),eth(src=50:54:00:00:00:09,dst=50:54:00:00:00:05),eth_type(0x0806),arp(sip=10.0.0.3,tip=10.0.0.1,op=1,sha=50:54:00:00:00:09,tha=00:00:00:00:00:00)'
    netdev-dummy/receive p1 'in_port(1),eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07),eth_type(0x8100),vlan(vid=5,pcp=1),encap(eth_type(0x86dd),ipv6(src=fe80::1,dst=fe80::2,label=0,proto=17,tclass=0,hlimit=64,frag=no),udp(src=1,dst=2))' --len 200
    time/warp 1000
    revalidator/wait
    dpctl/dump-flows
    dpctl/dump-flows -m
    dpctl/dump-flows --names
    dpctl/dump-flows -m --no-names
    dpctl/dump-flows --more dummy@ovs-dummy
    dpctl/dump-flows ovs-dummy
    dpctl/dump-flows type=ovs
    dpctl/dump-flows type=all
    dpctl/dump-flows type=non-offloaded
    dpctl/dump-flows type=offloaded
    dpctl/dump-flows type=tc
    dpctl/dump-flows filter=in_port=1
    dpctl/dump-flows filter=in_port=p1
    dpctl/dump-flows filter=ip
    dpctl/dump-flows filter=tcp
    dpctl/dump-flows filter=tcp,tcp_src=80
    dpctl/dump-flows filter=dl_src=50:54:00:00:00:09
    dpctl/dump-flows filter=dl_vlan=5
    dpctl/dump-flows filter=nw_dst=10.0.0.0/8
    dpctl/dump-flows filter=arp type=ovs dummy@ovs-dummy
    dpif/dump-flows br0
    dpif/dump-flows br1
    dpif/dump-flows -m br0
    dpif/dump-flows --names br0
    dpif/dump-flows -m --no-names br0
    fdb/show br0
    fdb/show br1
    fdb/stats-show br0
    fdb/add br0 p2 7 50:54:00:00:00:11
    fdb/add br0 p2 7 50:54:00:00:00:11
    fdb/add br0 p1 0 50:54:00:00:00:05
    fdb/show br0
    fdb/stats-show br0
    fdb/del br0 7 50:54:00:00:00:11
    fdb/del br0 0 50:54:00:00:00:05
    fdb/show br0
    fdb/stats-clear br0
    fdb/stats-show br0
    fdb/flush br0
    fdb/show br0
    fdb/flush
    fdb/stats-clear
    time/warp 1000 100
    bridge/dump-flows br1
    qos/show p1
    qos/show-types p1
    dpctl/show -s
    dpctl/del-flows
    dpctl/dump-flows
    dpif/show
    vsctl del-br br0
    vsctl del-br br1
    dpif/show
    dpctl/dump-dps
  `,
  'datapaths, ports and flows by hand': `
    time/stop
    dpctl/add-dp dummy@dp0
    dpctl/add-dp dummy@dp0
    dpctl/dump-dps
    dpctl/show
    dpctl/show dummy@dp0
    dpctl/add-if dummy@dp0 a1,type=dummy,port_no=5
    dpctl/add-if dummy@dp0 a1,type=dummy
    dpctl/add-if dummy@dp0 a2,type=dummy a3,type=dummy,port_no=5
    dpctl/add-if dummy@dp0 a4,type=nonsense
    dpctl/show dummy@dp0
    dpctl/show -s dummy@dp0
    dpctl/set-if dummy@dp0 a1,port_no=5
    dpctl/set-if dummy@dp0 a1,type=dummy
    dpctl/set-if dummy@dp0 a1,type=system
    dpctl/set-if dummy@dp0 a1,port_no=6
    dpctl/set-if dummy@dp0 dp0,type=dummy-internal
    dpctl/set-if dummy@dp0 dp0,type=internal
    dpctl/set-if dummy@dp0 nope
    dpctl/add-flow dummy@dp0 in_port(5),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234) 2
    dpctl/add-flow dummy@dp0 in_port(5),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234) 3
    dpctl/add-flow in_port(a2),eth_type(0x0800),ipv4(src=10.0.0.0/255.0.0.0,proto=6,frag=no),tcp(dst=80) push_vlan(vid=7,pcp=2),5
    dpctl/add-flow -s in_port(a2),eth_type(0x88cc) drop
    dpctl/dump-flows
    dpctl/dump-flows --names
    dpctl/dump-flows filter=tcp
    dpctl/mod-flow dummy@dp0 in_port(5),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234) 3
    dpctl/mod-flow -s in_port(5),eth_type(0x9999) 3
    dpctl/mod-flow --may-create in_port(5),eth_type(0x9999) 3
    dpctl/del-flow -s in_port(5),eth_type(0x9999)
    dpctl/del-flow in_port(5),eth_type(0x9999)
    dpctl/add-flow ufid:00112233-4455-6677-8899-AABBCCDDEEFF,in_port(7),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234) 2
    dpctl/add-flow ufid:00112233-4455-6677-8899-aabbccddeef0,in_port(7),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234) 2
    dpctl/get-flow ufid:00112233-4455-6677-8899-aabbccddeeff
    dpctl/get-flow ufid:00112233-4455-6677-8899-aabbccddeef0
    dpctl/get-flow ufid:0x1
    dpctl/add-flow in_port(8) 2
    dpctl/add-flow in_port(8),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02) 2
    dpctl/dump-flows -m filter=dl_type=0x1234
    dpctl/mod-flow ufid:00112233-4455-6677-8899-aabbccddeef0,in_port(7),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234) 3
    dpctl/mod-flow ufid:00112233-4455-6677-8899-aabbccddeeff 4
    dpctl/get-flow ufid:00112233-4455-6677-8899-aabbccddeeff
    dpctl/del-flow in_port(7),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x1234)
    dpctl/del-flow ufid:00112233-4455-6677-8899-aabbccddeef0
    dpctl/del-flow ufid:0x1
    dpctl/del-flow ufid:00112233-4455-6677-8899-aabbccddeeff
    dpctl/del-flows
    dpctl/dump-flows
    dpctl/del-if dummy@dp0 a1
    dpctl/del-if dummy@dp0 a1
    dpctl/del-if dummy@dp0 nope a2
    dpctl/del-if dummy@dp0 dp0
    dpctl/del-if dummy@dp0 77
    dpctl/show dummy@dp0
    dpctl/add-dp dummy@dp1
    dpctl/dump-flows
    dpctl/show
    dpctl/del-dp dummy@dp0
    dpctl/del-dp dummy@dp0
    dpctl/del-dp dummy@dp1
    dpctl/show
    vsctl add-br br0 -- set bridge br0 datapath_type=dummy
    vsctl add-port br0 p1 -- set interface p1 type=dummy
    vsctl add-port br0 p2 -- set interface p2 type=dummy
    dpctl/del-if dummy@ovs-dummy p1
    dpif/show
    vsctl del-port p2
    dpif/show
  `,
  traces: `
    ofproto/trace
    ofproto/trace br0
    ofproto/trace br0 in_port=1
    ofproto/trace in_port(1)
    vsctl add-br br0 -- set bridge br0 datapath_type=dummy
    vsctl add-port br0 p1 -- set interface p1 type=dummy ofport_request=1
    vsctl add-port br0 p2 tag=5 -- set interface p2 type=dummy ofport_request=2
    vsctl add-port br0 p3 tag=5 -- set port p3 protected=true -- set interface p3 type=dummy ofport_request=3
    vsctl add-port br0 p4 tag=5 -- set port p4 protected=true -- set interface p4 type=dummy ofport_request=4
    vsctl add-br br1 -- set bridge br1 datapath_type=dummy fail_mode=secure
    vsctl add-port br0 near -- set interface near type=patch options:peer=far ofport_request=5
    vsctl add-port br1 far -- set interface far type=patch options:peer=near ofport_request=1
    ofproto/trace br0
    ofproto/trace foo
    ofproto/trace br0 foo
    ofproto/trace br0 foo=1
    ofproto/trace nobr in_port=1
    ofproto/trace nobr in_port(1)
    ofproto/trace br0 in_port=1
    ofproto/trace br0 in_port=1,dl_src=50:54:00:00:00:01
    ofproto/trace br0 in_port=p1
    ofproto/trace br0 in_port=p2
    ofproto/trace br0 in_port=LOCAL
    ofproto/trace br0 in_port=local
    ofproto/trace br0 in_port=p9
    ofproto/trace br0 in_port=9
    ofproto/trace br0 in_port=9 -generate
    ofproto/trace br0 in_port=3
    ofproto/trace br0 in_port=3,dl_vlan=7
    ofproto/trace br0 in_port=3,dl_vlan=7 -generate
    ofproto/trace br0 in_port=1,dl_vlan=5,dl_vlan_pcp=3
    ofproto/trace br0 in_port=1,dl_dst=01:80:c2:00:00:00
    ofproto/trace br0 in_port=2,dl_dst=01:80:c2:00:00:00 -generate
    ofproto/trace br0 in_port=2,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02 -generate
    ofproto/trace br0 in_port=2,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02 -generate
    ofproto/trace br0 in_port=3,dl_src=50:54:00:00:00:02,dl_dst=50:54:00:00:00:01
    fdb/stats-show br0
    ofproto/trace br0 in_port=3,dl_src=50:54:00:00:00:02,dl_dst=50:54:00:00:00:01 --generate
    ofproto/trace br0 in_port=2,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02
    ofproto/trace br0 in_port=3,dl_src=50:54:00:00:00:01,dl_dst=50:54:00:00:00:02
    ofproto/trace br0 in_port=4,dl_src=50:54:00:00:00:03,dl_dst=50:54:00:00:00:02
    ofproto/trace br0 in_port=1,dl_vlan=5,dl_src=50:54:00:00:00:03,dl_dst=50:54:00:00:00:02
    ofproto/trace in_port(1),eth(src=50:54:00:00:00:03,dst=50:54:00:00:00:02),eth_type(0x8100),vlan(vid=5,pcp=0),encap(eth_type(0x1234))
    ofproto/trace in_port(p1),eth(src=50:54:00:00:00:03,dst=50:54:00:00:00:02),eth_type(0x8100),vlan(vid=5,pcp=2),encap(eth_type(0x1234)) -generate
    ofproto/trace in_port(1)
    ofproto/trace in_port(99)
    ofproto/trace recirc_id(0x7),in_port(1)
    ofproto/trace ''
    ofproto/trace br0 ''
    ofproto/trace br0 in_port=1 ''
    ofproto/trace in_port(1),eth(
    ofproto/trace in_port(1),eth(src=1),eth_type(0x1234)
    ofproto/trace in_port(1),nonsense(1)
    ofproto/trace ovs-dummy in_port(1),eth_type(0x1234)
    ofproto/trace dummy in_port(1),eth_type(0x1234)
    ofproto/trace ovs-nope in_port(1),eth_type(0x1234)
    ofproto/trace br0 in_port(1),eth_type(0x1234)
    ofproto/trace dummy in_port=1
    ofproto/trace br0 in_port=1 zz
    ofproto/trace br0 in_port=1 5054
    ofproto/trace br0 in_port=2 505400000005505400000006
    ofproto/trace br0 in_port=2 5054000000055054000000071234
    ofproto/trace br0 in_port=2 505400000005505400000008123412341234
    ofproto/trace in_port(2) 505400000005505400000009123412341234
    ofproto/trace in_port(2) zz
    ofproto/trace dummy in_port(2) 505400000005505400000009123412341234
    ofproto/trace br0 in_port=2 5054000000055054000000090800450000281234000040061234c0a80001c0a80002000a00140000000000000000500200000000
    ofproto/trace br0 in_port=1 1 2 3
    ofproto/trace br0 in_port=1 2 3
    ofproto/trace --nope br0 in_port=1
    ofproto/trace br0 in_port=1 --ct-next
    ofproto/trace br0 in_port=1 --ct-next nonsense
    ofproto/trace br0 in_port=1 --ct-next est
    ofproto/trace br0 in_port=1 --ct-next trk,inv,new
    ofproto/trace br0 in_port=1 --ct-next trk,new,est
    ofproto/trace br0 in_port=9 --ct-next trk,new
    ofproto/trace br0 in_port=1 --l7
    ofproto/trace br0 in_port=1 --l7 zz
    ofproto/trace br0 in_port=1 --l7-len
    ofproto/trace br0 in_port=1 --l7-len 70000
    ofproto/trace br0 in_port=2,tcp -generate --l7-len 5
    ofproto/trace br0 in_port=2,tcp -generate --l7 'aa bb'
    ofproto/trace br0 in_port=2 --names
    ofproto/trace br0 in_port=2,dl_dst=50:54:00:00:00:02 -names
    ofproto/trace br0 in_port=1,tcp,tp_src=1,tp_src=2
    ofproto/trace br0 in_port=1,tcp,udp
    ofproto/trace br0 tp_src=5
    ofproto/trace br0 ip,nw_src=1.2.3.4/8
    ofproto/trace br0 in_port=2,ip,nw_src=1.2.3.4,nw_proto=6
    ofproto/trace br0 in_port=2,reg0=5,metadata=0x10,pkt_mark=3
    ofproto/trace br0 in_port=2,arp,arp_op=1,dl_dst=ff:ff:ff:ff:ff:ff,arp_spa=1.2.3.4,arp_tpa=1.2.3.4
    ofproto/trace br0 in_port=2,arp,arp_op=2,dl_dst=ff:ff:ff:ff:ff:ff
    ofproto/trace br0 in_port=2,icmp6,icmpv6_type=135,nd_target=::1
    ofproto/trace br0 in_port=2,mpls,mpls_label=5
    ofproto/trace br0 in_port=2,tun_id=5
    ofproto/trace br1 in_port=1
    ofproto/trace br1 in_port=far,ip
    ofproto/trace-packet-out
    ofproto/trace-packet-out br0
    ofproto/trace-packet-out br0 in_port=1 2
    ofproto/trace-packet-out br0 in_port=1 output:2
    ofproto/trace-packet-out br0 in_port=1,ip,nw_ttl=5 mod_nw_src:1.2.3.4,dec_ttl,2
    ofproto/trace-packet-out br0 in_port=2 resubmit(,0)
    ofproto/trace-packet-out br0 in_port=2 table
    ofproto/trace-packet-out -consistent br0 in_port=2 3
    ofproto/trace-packet-out br0 in_port=2 nonsense
    ofproto/trace-packet-out br0 in_port=2 nonsense:1
    ofproto/trace-packet-out br0 in_port=2 drop
    ofproto/trace-packet-out nobr in_port=2 drop
  `,
};
