/**
 * Command lines of ovs-ofctl about groups, meters, ports, tables, queues, tunnels and packets. FOLDER has `files`,
 * PACKET is one.
 */

/** In versions where they are said in other ways. */
export const someVersionLines = `
add-group br0 group_id=1,type=all,bucket=1,bucket=output:p2
add-group br0 group_id=1,type=all,bucket=1
add-group br0 group_id=2,type=select,bucket=weight:5,watch_port:1,actions=output:1,bucket=weight=0,output:2
add-group br0 group_id=3,type=indirect,bucket=actions=set_field:10->tun_id,output:2
add-group br0 group_id=4,type=ff,bucket=watch_port:1,watch_group:1,1,bucket=watch_group=2,actions=drop
add-group br0 group_id=0x5,type=fast_failover,bucket=watch_port=CONTROLLER,2
add-group br0 group_id=6,type=select,selection_method=hash,fields(ip_src=255.255.0.0,tcp_dst),bucket=1
add-group br0 group_id=7,type=select,selection_method=dp_hash,selection_method_param=0x10,bucket=bucket_id=5,1,bucket=2
add-group br0 group_id=8,type=select,selection_method=hash,fields=eth_dst,bucket=1
add-group br0 group_id=9,type=select,selection_method=other,bucket=1
add-group br0 group_id=10,type=all,bucket=bucket_id=0,1,bucket=2
add-group br0 group_id=11,type=all,bucket=bucket_id=3,1,bucket=bucket_id=3,2
add-group br0 group_id=12,type=all
add-group br0 group_id=13,type=all,bucket=push_vlan:0x8100,set_field:4101->vlan_vid,1
add-group br0 group_id=14,type=all,bucket=group:77
add-group br0 group_id=15,type=all,bucket=meter:1,1
add-group br0 group_id=16,type=all,bucket=resubmit(,1)
add-group br0 group_id=17,type=all,bucket=watch_port=1,1
add-group br0 group_id=18,type=indirect
add-group br0 group_id=19,type=select,bucket=weight=65535,mod_nw_src:1.2.3.4,bucket=load:1->reg0[],2
add-group br0 group_id=4294967040,type=all,bucket=1
add-group br0 group_id=all,type=all,bucket=1
add-group br0 group_id=20,type=all,bucket=output:99
add-group br0 group_id=21,type=all,bucket=note:00.11.22,clone(output:1),learn(table=1,in_port=2)
dump-groups br0
dump-groups br0 3
dump-groups br0 77
dump-groups br0 any
dump-group-stats br0
dump-group-stats br0 group_id=2
dump-group-stats br0 group_id=99
dump-group-features br0
mod-group br0 group_id=1,type=all,bucket=2
mod-group br0 group_id=30,type=all,bucket=2
--may-create mod-group br0 group_id=31,type=all,bucket=2
--may-create mod-group br0 group_id=31,type=select,bucket=1,bucket=2
insert-buckets br0 group_id=1,command_bucket_id=last,bucket=bucket_id=7,1
insert-buckets br0 group_id=1,command_bucket_id=first,bucket=bucket_id=8,2,bucket=bucket_id=9,weight=3,1
insert-buckets br0 group_id=1,command_bucket_id=7,bucket=bucket_id=7,1
insert-buckets br0 group_id=1,command_bucket_id=77,bucket=bucket_id=10,1
insert-buckets br0 group_id=1,command_bucket_id=first
insert-buckets br0 group_id=1,command_bucket_id=first,bucket=actions=1
insert-buckets br0 group_id=66,command_bucket_id=first,bucket=actions=1
remove-buckets br0 group_id=1,command_bucket_id=8
remove-buckets br0 group_id=1,command_bucket_id=first
remove-buckets br0 group_id=1,command_bucket_id=88
remove-buckets br0 group_id=2,command_bucket_id=all
remove-buckets br0 group_id=3
dump-groups br0
add-groups br0 FOLDER/groups
add-groups br0 FOLDER/bad-groups
add-groups br0 FOLDER/refused-groups
add-groups br0 FOLDER/nothing
--bundle add-groups br0 FOLDER/groups
--bundle add-groups br0 FOLDER/more-groups
--bundle add-groups br0 FOLDER/refused-groups
bundle br0 FOLDER/bundle
bundle br0 FOLDER/refused-bundle
bundle br0 FOLDER/bad-bundle
bundle br0 FOLDER/nothing
--names dump-groups br0
--bundle add-group br0 group_id=41,type=all,bucket=1
--bundle add-group br0 group_id=41,type=all,bucket=1
--bundle insert-buckets br0 group_id=41,command_bucket_id=last,bucket=bucket_id=3,2
--bundle del-groups br0 group_id=41
dump-groups br0
-m dump-groups br0
del-groups br0 group_id=3
del-groups br0 group_id=3
del-groups br0
dump-groups br0
add-meter br0 meter=1,kbps,band=type=drop,rate=1000
add-meter br0 meter=1,kbps,band=type=drop,rate=1000
add-meter br0 'meter=2 pktps burst stats bands=type=drop rate=1 burst_size=1'
add-meter br0 'meter=3 kbps stats bands=type=drop rate=10 type=drop rate=20'
add-meter br0 'meter=4 pktps bands=type=dscp_remark rate=1 prec_level=14'
add-meter br0 meter=5,kbps,pktps,band=type=drop,rate=1
add-meter br0 meter=6,stats,band=type=drop,rate=1
add-meter br0 meter=controller,pktps,band=type=drop,rate=1
add-meter br0 meter=slowpath,pktps,band=type=drop,rate=1
add-meter br0 meter=all,pktps,band=type=drop,rate=1
add-meter br0 meter=0x100,pktps,band=type=drop,rate=0xffffffff
mod-meter br0 meter=1,pktps,band=type=drop,rate=7
mod-meter br0 meter=99,pktps,band=type=drop,rate=7
dump-meters br0
dump-meter br0 meter=1
dump-meter br0 meter=99
dump-meter br0
meter-stats br0
meter-stats br0 meter=2
meter-stats br0 meter=98
meter-features br0
del-meter br0 meter=1
del-meter br0 meter=1
del-meters br0 meter=2
dump-meters br0
del-meters br0
dump-meters br0
dump-ipfix-bridge br0
dump-ipfix-flow br0
add-tlv-map br0 {class=0xffff,type=0,len=4}->tun_metadata0
add-tlv-map br0 {class=0xffff,type=0,len=4}->tun_metadata1
add-tlv-map br0 {class=1,type=2,len=8}->tun_metadata1,{class=1,type=3,len=124}->tun_metadata63
add-tlv-map br0 {class=1,type=4,len=5}->tun_metadata2
add-tlv-map br0 {class=1,type=4,len=128}->tun_metadata2
add-tlv-map br0 {class=1,type=4,len=0}->tun_metadata2
add-tlv-map br0 {class=1,type=4,len=4}->tun_metadata64
dump-tlv-map br0
del-tlv-map br0 {class=1,type=2,len=8}->tun_metadata1
del-tlv-map br0 {class=1,type=2,len=8}->tun_metadata1
dump-tlv-map br0
del-tlv-map br0
dump-tlv-map br0
packet-out br0 in_port=1,packet=PACKET,actions=output:2
packet-out br0 packet=PACKET
packet-out br0 packet=PACKET,actions=flood,group:1
packet-out br0 in_port=p1,packet=PACKET,actions=p2,resubmit(,0)
packet-out br0 in_port=LOCAL,packet=PACKET,actions=normal
packet-out br0 in_port=none,packet=PACKET,actions=normal
packet-out br0 in_port=65280,packet=PACKET,actions=1
packet-out br0 in_port=99,packet=PACKET,actions=1
packet-out br0 reg0=5,tun_id=7,packet=PACKET,actions=1
packet-out br0 in_port=1,metadata=3,packet=PACKET,actions=output:99
packet-out br0 packet_type=(0,0),packet=PACKET,actions=1
packet-out br0 packet_type(1,0x800),packet=PACKET,actions=1
packet-out br0 in_port=1,packet=PACKET,actions=push_vlan:0x8100,set_field:4101->vlan_vid,2
packet-out br0 in_port=1,packet=PACKET,actions=set_field:5->tcp_dst,2
packet-out br0 1 output:2 PACKET
packet-out br0 p1 flood PACKET PACKET
packet-out br0 nobody flood PACKET
packet-out br0 1 fly PACKET
packet-out br0 1 2 x
packet-out br0 1 2 1234
packet-out br0 1 2
dump-ports br0 2
ct-flush-zone br0 5
ct-flush-zone br0 x
ct-flush-zone br0 65536
ct-flush br0
ct-flush br0 zone=5
ct-flush br0 zone=5 ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=6,ct_tp_src=1,ct_tp_dst=2
ct-flush br0 ct_ipv6_src=2001::1,ct_nw_proto=58,icmp_type=128,icmp_id=3 ct_ipv6_src=2001::2
ct-flush br0 '' ct_nw_proto=17,ct_tp_src=3
ct-flush br0 zone=x
ct-flush br0 ct_tp_src=1
`;

/** In each version. */
export const versionLines = `
mod-port br0 p1 down
dump-ports-desc br0 p1
mod-port br0 p1 up
mod-port br0 1 no-flood
mod-port br0 1 noflood
mod-port br0 2 no-packet-in
mod-port br0 2 NO-FORWARD
mod-port br0 p2 no-receive
mod-port br0 p2 no-stp
mod-port br0 p2 no-receive-stp
mod-port br0 p2 no-up
mod-port br0 p2 no-down
mod-port br0 p2 fly
mod-port br0 LOCAL flood
mod-port br0 br0 no-flood
mod-port br0 65534 flood
mod-port br0 65537 flood
mod-port br0 99 down
mod-port br0 nobody down
dump-ports-desc br0
mod-port br0 2 packet-in
mod-port br0 2 forward
mod-port br0 2 receive
mod-port br0 2 stp
mod-port br0 2 receive-stp
mod-table br0 0 controller
mod-table br0 1 continue
mod-table br0 all drop
mod-table br0 254 drop
mod-table br0 1 evict
mod-table br0 1 vacancy:20,80
mod-table br0 2 vacancy:20,80
mod-table br0 2 evict
mod-table br0 3 vac:1,2
mod-table br0 3 novacancy
mod-table br0 4 name:four
mod-table br0 five drop
mod-table br0 255 evict
mod-table br0 254 evict
mod-table br0 5 name:a-name-that-is-much-longer-than-the-room-for-it
mod-table br0 5 name:
mod-table br0 four name:vier
dump-tables br0
dump-table-desc br0
dump-table-features br0
mod-table br0 all evict
mod-table br0 all noevict
mod-table br0 2 novacancy
mod-table br0 4 name:
dump-table-desc br0
queue-stats br0
queue-stats br0 1
queue-stats br0 p1 all
queue-stats br0 p2 3
queue-stats br0 all 3
queue-stats br0 ALL
queue-stats br0 77
queue-stats br0 nobody
queue-stats br0 any x
queue-get-config br0
queue-get-config br0 1
queue-get-config br0 p1 ALL
queue-get-config br0 any 3
queue-get-config br0 p1 3
queue-get-config br0 77
queue-get-config br0 nobody
`;

/** Once each. */
export const onceLines = `
parse-group group_id=1,type=all,bucket=1,bucket=output:2
parse-group group_id=1,type=select,selection_method=hash,fields(ip_src,tcp_dst),bucket=1
-O OpenFlow13 parse-group group_id=1,type=select,selection_method=hash,bucket=push_vlan:0x8100,1
-O OpenFlow13 parse-group group_id=1,type=select,selection_method=hash
-O OpenFlow12,OpenFlow15 -m parse-group group_id=1,type=ff,bucket=watch_port:1,set_field:1.2.3.4->ip_src,1
-O OpenFlow10 parse-group group_id=1,type=all,bucket=push_vlan:0x8100,1
parse-group group_id=1
add-group br0
add-group br0 group_id=1
add-group br0 type=all
add-group br0 group_id=x,type=all
add-group br0 group_id=-1,type=all
add-group br0 group_id=4294967041,type=all
add-group br0 group_id=99999999999999999999,type=all
add-group br0 group_id=,type=all
add-group br0 group_id=1,type=none
add-group br0 group_id=1,type=ALL
add-group br0 group_id=1,type=all,foo=1
add-group br0 group_id=1,type=all,buckets=1
add-group br0 group_id=1,type=all,bucket=
add-group br0 group_id=1,type=all,bucket
add-group br0 group_id=1,type=all,bucket=weight=1
add-group br0 group_id=1,type=all,bucket=weight=1,1
add-group br0 group_id=1,type=all,bucket=weight=x,1
add-group br0 group_id=1,type=all,bucket=weight=65536,1
add-group br0 group_id=1,type=select,bucket=weight=-1,1
add-group br0 group_id=1,type=ff,bucket=watch_port=any,1
add-group br0 group_id=1,type=ff,bucket=watch_port=LOCAL,1
add-group br0 group_id=1,type=ff,bucket=watch_port=x,1
add-group br0 group_id=1,type=ff,bucket=watch_port,1
add-group br0 group_id=1,type=ff,bucket=watch_group=4294967041,1
add-group br0 group_id=1,type=ff,bucket=watch_group=,1
add-group br0 group_id=1,type=ff,bucket=1
add-group br0 group_id=1,type=all,bucket=bucket_id=4294967041,1
add-group br0 group_id=1,type=all,bucket=fly
add-group br0 group_id=1,type=all,bucket=drop,1
add-group br0 group_id=1,type=all,bucket=actions=write_metadata:1
add-group br0 group_id=1,type=all,bucket=goto_table:1
add-group br0 group_id=1,type=indirect,bucket=1,bucket=2
add-group br0 group_id=1,type=select,selection_method=abcdefghijklmnop,bucket=1
add-group br0 group_id=1,type=select,selection_method_param=1,bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,selection_method_param=x,bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,selection_method_param=,bucket=1
add-group br0 group_id=1,type=select,selection_method=dp_hash,fields=ip_src,bucket=1
add-group br0 group_id=1,type=select,fields=ip_src,bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(ip_src,what,tcp_dst),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(ip_src,ip_src),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields=ip_src,fields(ip_src),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(nw_src=0.0.0.0,tcp_dst),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(nw_proto=1),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(nw_src=1.2.3.4/8),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(nw_src=x),bucket=1
add-group br0 group_id=1,type=select,selection_method=hash,fields(vlan_vid=0xfff),bucket=1
add-group br0 group_id=1,command_bucket_id=1,type=all
del-groups br0 group_id=1,type=all
del-groups br0 group_id=1,bucket=1
del-groups br0 group_id=all
del-groups br0 x
del-groups br0 selection_method=hash
del-groups br0 fields=ip_src
del-groups br0 selection_method_param=1
insert-buckets br0
insert-buckets br0 group_id=1
insert-buckets br0 group_id=1,bucket=1
insert-buckets br0 group_id=1,command_bucket_id=all,bucket=1
insert-buckets br0 group_id=1,command_bucket_id=x,bucket=1
insert-buckets br0 group_id=1,command_bucket_id=4294967041,bucket=1
insert-buckets br0 group_id=1,command_bucket_id=4294967294,bucket=1
insert-buckets br0 group_id=1,command_bucket_id=first,type=all,bucket=1
remove-buckets br0 group_id=1,bucket=1
remove-buckets br0 group_id=all,command_bucket_id=all
add-groups br0
dump-group-stats br0 group_id=x
dump-group-stats br0 group_id=all
dump-group-stats br0 type=all
dump-groups br9
add-group br9 group_id=1
-O OpenFlow13 add-meter br0
-O OpenFlow13 add-meter br0 meter=1
-O OpenFlow13 add-meter br0 meter=1,bands
-O OpenFlow13 add-meter br0 meter=1,bands=
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=
-O OpenFlow13 add-meter br0 meter=1,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 kbps,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 meter,kbps,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 meter=0,kbps,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 meter=x,kbps,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 meter=4294901761,kbps,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 meter=1,fly=1,kbps,bands=type=drop,rate=1
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=fly
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=rate=1,type=drop
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=drop
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=drop,rate=x
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=drop,rate=1,fly=2
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=drop,rate=1,prec_level=1
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=drop,rate=1,prec_level=256
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=dscp_remark,rate=1
-O OpenFlow13 add-meter br0 meter=1,kbps,bands=type=drop,rate=1,burst_size=1
-O OpenFlow13 add-meter br0 meter=1,kbps,burst,bands=type=drop,rate=1
-O OpenFlow13 del-meter br0 meter=1,kbps
-O OpenFlow13 del-meter br0 ''
-O OpenFlow13 dump-meter br0 x=1
-O OpenFlow10 add-meter br0 meter=1,kbps,bands=type=drop,rate=1
-O OpenFlow10,OpenFlow13 meter-features br0
-O OpenFlow10 mod-table br0 0 fly
-O OpenFlow10 mod-table br0 0 drop
-O OpenFlow11,OpenFlow15 mod-table br0 0 evict
-O OpenFlow14 mod-table br0 x evict
-O OpenFlow14 mod-table br0 256 evict
-O OpenFlow14 mod-table br0 all name:x
-O OpenFlow14 mod-table br0 1 vacancy
-O OpenFlow14 mod-table br0 1 vacancy:x
-O OpenFlow14 mod-table br0 1 vacancy:101,102
-O OpenFlow14 mod-table br0 1 vacancy:1
-O OpenFlow14 mod-table br0 1 vacancy:1,x
-O OpenFlow14 mod-table br0 1 vacancy:2,1
-O OpenFlow14 mod-table br0 1 ''
-O OpenFlow12 mod-table br0 254 continue
-O OpenFlow12 mod-table br0 254 controller
-O OpenFlow10 dump-table-desc br0
-O OpenFlow13 dump-table-desc br0
-O OpenFlow10 dump-table-features br0
-O OpenFlow12 dump-table-features br0
mod-port br0 p1
packet-out br0
packet-out br0 in_port=1
packet-out br0 in_port,packet=PACKET
packet-out br0 in_port=nobody,packet=PACKET
packet-out br0 in_port=ALL,packet=PACKET
packet-out br0 in_port=IN_PORT,packet=PACKET
packet-out br0 packet=x
packet-out br0 packet=12
packet-out br0 packet_type=1,packet=PACKET
packet-out br0 nw_src=1.2.3.4,packet=PACKET
packet-out br0 tcp,packet=PACKET
packet-out br0 tcp=1,packet=PACKET
packet-out br0 tun_tos=1,packet=PACKET
packet-out br0 reg0=x,packet=PACKET
packet-out br0 packet=PACKET,actions=fly
packet-out br0 packet=PACKET,actions=write_metadata:1
packet-out br0 packet=PACKET,action=1
packet-out br0 packet=PACKET,actions
packet-out br0 packet=PACKET,actions=
-F OpenFlow10 packet-out br0 reg0=1,packet=PACKET,actions=1
-F NXM packet-out br0 reg0=1,packet=PACKET,actions=1
add-tlv-map br0
add-tlv-map br0 x
add-tlv-map br0 {class=1,type=2,len=4}->tun_metadata0,
add-tlv-map br0 {class=1,type=2,len=4}->tun_metadata0x
add-tlv-map br0 {class=1,type=2,len=4}tun_metadata0
add-tlv-map br0 ''
-F OpenFlow10 add-tlv-map br0 {class=1,type=2,len=4}->tun_metadata0
del-tlv-map br0 ''
del-tlv-map br0 x
ct-flush br0 ct_nw_src
ct-flush br0 ct_nw_src=1.2.3
ct-flush br0 ct_nw_src=1.2.3.4,ct_nw_src=1.2.3.4
ct-flush br0 ct_nw_src=1.2.3.4,ct_ipv6_dst=::1
ct-flush br0 ct_nw_src=1.2.3.4 ct_ipv6_dst=::1
ct-flush br0 ct_ipv6_src=:::
ct-flush br0 ct_nw_proto=256
ct-flush br0 ct_nw_proto=1,ct_nw_proto=2
ct-flush br0 ct_nw_proto=1,ct_nw_proto=x
ct-flush br0 ct_nw_proto=6,ct_tp_src=65536
ct-flush br0 ct_nw_proto=6,icmp_id=1
ct-flush br0 ct_nw_proto=1,icmp_type=256
ct-flush br0 ct_nw_proto=1,icmp_code=x
ct-flush br0 ct_nw_proto=1,icmp_id=65536
ct-flush br0 ct_mark=1
ct-flush br0 zone=70000
ct-flush br0 zone=5abc
ct-flush br0 zone=-1
ct-flush br0 zone=1 ct_nw_proto=6 ct_nw_proto=6 ct_nw_proto=6
`;

/** An IPv4 packet. */
export const packet =
  '50540000000550540000000608004500001c0000000040110000c0a80001c0a8000200010002000800001234';

export const files: Readonly<Record<string, string>> = {
  groups: `# some of all
add group_id=50,type=all,bucket=1
group_id=51,type=all,bucket=2 # the usual command
   a,group_id=52,type=select,bucket=weight=3,1

modify group_id=50,type=all,bucket=2,bucket=1
add_or_mod group_id=53,type=all,bucket=1
delete group_id=51
`,
  'more-groups': `group_id=60,type=all,bucket=1
insert_bucket group_id=60,command_bucket_id=last,bucket=bucket_id=7,2
remove_bucket group_id=60,command_bucket_id=first
`,
  bundle: `# all kinds
flow add table=3,in_port=1,actions=p2
group add group_id=80,type=all,bucket=p1,bucket=2
g modify group_id=80,type=select,bucket=1,bucket=2
flow modify table=3,in_port=1,actions=group:80
packet-out in_port=p1,packet=${packet},actions=group:80
flow delete table=3
group delete group_id=80
`,
  'refused-bundle': `group group_id=81,type=all,bucket=1
flow table=3,in_port=1,actions=2
group modify group_id=82,type=all,bucket=1
group group_id=83,type=all,bucket=1
`,
  'bad-bundle': 'group group_id=81,type=all\nmeter meter=1\n',
  'bad-groups': 'group_id=61,type=all\n# text\ngroup_id=62\n',
  'refused-groups': `group_id=70,type=all,bucket=1
group_id=70,type=all,bucket=1
modify group_id=71,type=all,bucket=1
`,
};
