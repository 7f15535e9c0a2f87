/**
 * Command lines for ovs-vsctl, in chapters that begin with an empty database each. Words are split at spaces; a word
 * with spaces stands in single quotes. Every line is run by the real tool and by ours, on a database of its own.
 */
export const chapters: Readonly<Record<string, string>> = {
  bridges: `
    init
    show
    list-br
    add-br br0
    add-br br0
    --may-exist add-br br0
    add-br ''
    add-br br1 br0
    add-br br1 br0 -1
    add-br br1 br0 4096
    add-br vlan10 br0 10
    add-br vlan10b br0 10
    add-br nested vlan10 11
    add-br orphan nowhere 12
    --may-exist add-br vlan10
    --may-exist add-br br0 br0 10
    --may-exist add-br vlan10 br0 10
    --may-exist add-br vlan10 br0 11
    --may-exist add-br vlan10 br9 10
    add-br vlan0 br0 0
    list-br
    list-br --real
    -- --real list-br
    -- --fake list-br
    --oneline list-br
    br-exists br0
    br-exists vlan10
    br-exists nope
    br-to-vlan br0
    br-to-vlan vlan10
    br-to-vlan nope
    br-to-parent br0
    br-to-parent vlan10
    br-set-external-id br0 key value
    br-set-external-id br0 other 'a b'
    br-set-external-id vlan10 key value10
    br-get-external-id br0
    br-get-external-id br0 key
    br-get-external-id br0 nokey
    br-get-external-id vlan10
    br-get-external-id vlan10 key
    br-set-external-id br0 key
    br-get-external-id br0
    get Port vlan10 external_ids
    list-ports br0
    list-ifaces br0
    show
    del-br vlan10
    del-br nope
    --if-exists del-br nope
    list-br
    add-br br2 -- add-br br3 -- del-br br2
    del-br br0 -- add-br br0
    list-br
    del-br br0
    del-br br3
    list-br
    emer-reset
  `,
  ports: `
    add-br br0 -- add-br br1
    add-br v5 br0 5
    add-port br0 p1
    add-port br0 p1
    --may-exist add-port br0 p1
    --may-exist add-port br1 p1
    add-port br0 br1
    add-port br0 v5
    add-port nope p2
    add-port br0 ''
    add-port br0 p2 tag=9
    add-port br0 p3 tag=5
    add-port v5 p4
    add-port br0 p5 trunks=1,2,3 -- set Interface p5 type=internal mtu_request=1400
    add-port br0 p6 tag=5000
    add-port br0 p6 nonsense=1
    add-port br0 p6 tag
    add-port br0 p6 other_config:a=b external_ids:x=y
    list-ports br0
    list-ports v5
    list-ports br1
    list-ifaces br0
    list-ifaces v5
    list-ifaces nope
    port-to-br p1
    port-to-br p3
    port-to-br p4
    port-to-br br0
    port-to-br nope
    iface-to-br p4
    iface-to-br br0
    iface-to-br nope
    get Port p4 tag
    get Interface p5 type mtu_request
    add-bond br0 bond0 e1 e2
    add-bond br0 bond0 e1 e2
    add-bond br0 bond1 e3
    add-bond br0 bond1 e1 e4
    add-bond br0 bond1 e3 e4 lacp=active bond_mode=balance-tcp
    --may-exist add-bond br0 bond0 e2 e1
    --may-exist add-bond br0 bond0 e1 e9
    --may-exist add-bond br1 bond0 e1 e2
    --fake-iface add-bond br0 bond2 e5 e6
    get Port bond2 bond_fake_iface
    add-bond-iface bond0 e7
    add-bond-iface bond0 e7
    --may-exist add-bond-iface bond0 e7
    --may-exist add-bond-iface bond1 e7
    add-bond-iface nope e8
    del-bond-iface e7
    del-bond-iface bond0 e3
    del-bond-iface bond0 e1
    del-bond-iface e2
    del-bond-iface nope
    --if-exists del-bond-iface nope
    list-ifaces br0
    show
    del-port p1
    del-port p1
    --if-exists del-port p1
    del-port br0
    --if-exists del-port br0
    del-port br1 p2
    del-port br0 p4
    del-port v5 p4
    del-port br0 p2
    del-port e3
    --with-iface del-port e3
    --with-iface del-port e99
    --if-exists --with-iface del-port e99
    list-ports br0
    del-br v5
    list-ports br0
    add-port br0 q1 -- add-port br0 q2 -- del-port q1 -- add-port br1 q1
    port-to-br q1
    add-port br0 q3 -- set Port q3 tag=7 -- get Port q3 tag -- list-ports br0
    --oneline list-ports br0 -- list-ports br1 -- br-to-vlan br0
  `,
  'controllers and managers': `
    add-br br0 -- add-br v5 br0 5
    get-controller br0
    set-controller br0 tcp:127.0.0.1:6653 ssl:1.2.3.4
    get-controller br0
    get-controller v5
    set-controller v5 tcp:1.2.3.4
    set-controller br0 nonsense
    get-controller br0
    --inactivity-probe=5000 set-controller br0 tcp:1.2.3.4
    get Controller br0 inactivity_probe target
    --columns=target,max_backoff list Controller br0
    set Controller br0 connection_mode=out-of-band
    get Controller br0 connection_mode
    get Controller v5 target
    del-controller v5
    del-controller br0
    get-controller br0
    del-controller nope
    get-fail-mode br0
    set-fail-mode br0 secure
    set-fail-mode br0 odd
    set-fail-mode v5 secure
    get-fail-mode br0
    get-fail-mode v5
    del-fail-mode br0
    get-fail-mode br0
    get-manager
    set-manager ptcp:6640 ssl:1.2.3.4:5
    get-manager
    set-manager junk
    get-manager
    --inactivity-probe=7 set-manager ptcp:6641
    get Manager ptcp:6641 inactivity_probe
    --columns=target find Manager target!=x
    del-manager
    get-manager
    get-ssl
    set-ssl key.pem cert.pem ca.pem
    get-ssl
    --bootstrap set-ssl key2.pem cert2.pem ca2.pem
    get-ssl
    get SSL . private_key
    del-ssl
    get-ssl
    add-aa-mapping br0 100 5
    add-aa-mapping br0 200 6
    add-aa-mapping br0 x 6
    add-aa-mapping nope 1 6
    get-aa-mapping br0
    get AutoAttach br0 mappings
    del-aa-mapping br0 100 6
    del-aa-mapping br0 100 5
    get-aa-mapping br0
    list-zone-tp system
    list-dp-cap system
    add-zone-tp system zone=1 tcp_syn_sent=1
    set-controller br0 tcp:1.2.3.4 -- set-manager ptcp:1 -- set Bridge br0 other_config:hwaddr=00:11:22:33:44:55 other_config:x=y
    emer-reset
    get Bridge br0 other_config controller
    get-manager
    show
  `,
  datapaths: `
    -- --id=@d create Datapath datapath_version=0 capabilities:a=b -- set Open_vSwitch . datapaths:system=@d
    list-dp-cap system
    list-zone-tp system
    add-zone-tp system zone=5 icmp_first=30 icmp_reply=60
    add-zone-tp system zone=5 icmp_first=30 icmp_reply=60
    --may-exist add-zone-tp system zone=5 icmp_first=31
    add-zone-tp system zone=6 icmp_first=30
    add-zone-tp other zone=6 icmp_first=30
    list-zone-tp system
    del-zone-tp system zone=7
    --if-exists del-zone-tp system zone=7
    del-zone-tp system zone=5
    add-zone-tp system zone=0x10 udp_first=5,udp_single=6
    add-zone-tp system zone=020 udp_first=1
    add-zone-tp system zone=17x udp_first(9)
    add-zone-tp system zone=18 udp_first=1 udp_first=012x
    add-zone-tp system zone=19 udp_first
    add-zone-tp system zone=20 udp_first=0x10 tcp_unack:7
    add-zone-tp system zone=21 udp_first=4294967295
    add-zone-tp system zone=22 udp_first=99999999999999999999
    add-zone-tp system zone=23 udp_first=4294967296
    add-zone-tp system zone=24 UDP_FIRST=1
    add-zone-tp system zone=65536 udp_first=1
    add-zone-tp system zone=-0x5 udp_first=1
    add-zone-tp system zone=99999999999999999999 udp_first=1
    del-zone-tp system zone=0x11
    list-zone-tp system
  `,
  'database commands': `
    add-br br0 -- add-port br0 p1
    get Bridge br0 name
    get Bridge br0 name fail_mode ports
    get Bridge br0 _uuid
    get bridge br0 NAME
    get br br0 datapath-type
    get Bridge br0 nonsense
    get Bridge br0 s
    get Nonsense br0 name
    get p p1 name
    get Bridge nope name
    --if-exists get Bridge nope name
    get Bridge br0 other_config:x
    --if-exists get Bridge br0 other_config:x
    get Bridge br0 name:x
    get Bridge br0 name=x
    get Bridge br0 :x
    --id=@x get Bridge br0
    --if-exists --id=@x get Bridge br0 name
    --id=x get Bridge br0
    get Open_vSwitch . next_cfg
    get Open . cur_cfg
    set Bridge br0 datapath_type=netdev
    set Bridge br0 datapath_type=netdev other_config:a=1 other_config:b='x y'
    set Bridge br0 other_config={c=2,d=3}
    set Bridge br0 other_config:c=4 -- set Bridge br0 other_config:e=5
    get Bridge br0 other_config
    get Bridge br0 other_config:e
    set Bridge br0 name=br9
    set Bridge br0 flood_vlans=1,2,3
    set Bridge br0 flood_vlans=[10-20]
    get Bridge br0 flood_vlans
    set Bridge br0 flood_vlans=5000
    set Bridge br0 flood_vlans=1,1
    set Bridge br0 flood_vlans=20-10
    set Bridge br0 flood_vlans=0-4095,1
    set Bridge br0 fail_mode=odd
    set Bridge br0 fail_mode=[]
    set Bridge br0 fail_mode=
    set Bridge br0 stp_enable=maybe
    set Bridge br0 stp_enable=yes
    get Bridge br0 stp_enable
    set Bridge br0 protocols=OpenFlow13,OpenFlow14
    set Bridge br0 protocols=[OpenFlow10,OpenFlow99]
    set Bridge br0 protocols='["OpenFlow13", "OpenFlow10"]'
    get Bridge br0 protocols
    set Bridge br0 other_config:'"quo\\ted"'=1
    set Bridge br0 other_config={x
    set Bridge br0 other_config={x=1}y
    set Bridge br0 other_config=x
    set Bridge br0 name:k=v
    set Bridge br0 other_config:k=
    set Bridge br0 ports=junk
    set Bridge br0 ports=@nope
    set Bridge nope stp_enable=true
    --if-exists set Bridge nope stp_enable=true
    set Interface p1 ingress_policing_rate=-5
    set Interface p1 ingress_policing_rate=abc
    set Interface p1 options:remote_ip=1.2.3.4 options:key='flow x'
    get Interface p1 options
    set Interface p1 mtu_request=1500
    get Interface p1 mtu_request
    set Interface p1 external_ids='"weird,key"="weird=value"'
    get Interface p1 external_ids
    set Interface p1 bfd:enable=true -- get Interface p1 bfd
    add Bridge br0 protocols OpenFlow15
    add Bridge br0 protocols OpenFlow15 OpenFlow11
    get Bridge br0 protocols
    add Bridge br0 other_config z=26 y=25
    add Bridge br0 other_config z
    add Bridge br0 fail_mode secure
    add Bridge br0 fail_mode standalone -- get Bridge br0 fail_mode
    add Bridge br0 datapath_type system
    add Bridge br0 nope 1
    add Bridge nope protocols OpenFlow15
    --if-exists add Bridge nope protocols OpenFlow15
    get Bridge br0 other_config
    remove Bridge br0 other_config z
    remove Bridge br0 other_config y=99
    remove Bridge br0 other_config y=25 c
    remove Bridge br0 other_config none
    get Bridge br0 other_config
    remove Bridge br0 protocols OpenFlow15
    remove Bridge br0 datapath_type netdev
    remove Bridge br0 name br0
    --if-exists remove Bridge nope protocols OpenFlow15
    get Bridge br0 protocols
    clear Bridge br0 protocols other_config
    clear Bridge br0 name
    clear Bridge br0 datapath_type
    clear Bridge nope protocols
    --if-exists clear Bridge nope protocols
    get Bridge br0 protocols other_config
    comment this is 'a comment'
    wait-until Bridge br0
    wait-until Bridge br0 datapath_type=netdev
    wait-until Bridge br0 other_config:x=y -- get Bridge br0 nonsense
    --timeout=60 get Bridge br0 datapath_type
  `,
  'lists and finds': `
    add-br br0 -- set Bridge br0 other_config:a=1 flood_vlans=1,2,3 fail_mode=secure datapath_id='"quoted 1"'
    add-port br0 p1 tag=1 -- add-port br0 p2 tag=2 trunks=5,6 -- add-port br0 p3
    list Bridge
    list Bridge br0
    list Port p1 p2
    --columns=name,tag list Port
    --columns=tag,name list Port p2 p1
    --columns=_uuid,name list Port p1
    --columns=nonsense list Port
    --columns= list Port
    --columns=t list Port p1
    list Nope
    list Port nope
    --if-exists list Port nope
    --if-exists --columns=name list Port nope p1
    list Open_vSwitch
    list Queue
    --columns=name find Port tag=1
    --columns=name find Port tag!=1
    --columns=name find Port tag>1
    --columns=name find Port tag>=1
    --columns=name find Port tag<2
    --columns=name find Port tag<=2
    --columns=name find Port tag=[]
    --columns=name find Port trunks{>=}5
    --columns=name find Port trunks{<=}5,6,7
    --columns=name find Port trunks{=}5,6
    --columns=name find Port trunks{!=}5,6
    --columns=name find Port trunks{<}5,6,7
    --columns=name find Port trunks{>}5
    --columns=name find Port trunks{in}5,6,8
    --columns=name find Port trunks{not-in}5
    --columns=name find Bridge other_config:a=1
    --columns=name find Bridge other_config:a=2
    --columns=name find Bridge other_config:b=1
    --columns=name find Bridge other_config:a!=2
    --columns=name find Bridge other_config:a{=}1
    --columns=name find Bridge other_config:a>0
    --columns=name find Bridge name=br0 fail_mode=secure
    --columns=name find Bridge name:x=br0
    find Port tag
    find Port tag~1
    find Port =1
    find Port tag=
    find Port tag=x
    --columns=name,tag find Port name=p1
    -f list --columns=name,tag list Port p1 p2
    -f table --columns=name,tag list Port p1 p2
    -f csv --columns=name,trunks list Port p1 p2
    -f html --columns=_uuid,name,interfaces list Port p2
    -f json --columns=name,tag,trunks list Port p1 p2
    -f json --pretty --columns=name,tag list Port p1
    -f odd list Port
    -d bare --columns=name,trunks list Port p2
    -d json --columns=name,trunks list Port p2
    -d odd list Port
    -f table -d json --columns=name,other_config list Bridge
    --no-headings -f table --columns=name,tag list Port p1
    --no-headings --columns=name,tag list Port p1
    --bare --columns=name,trunks,other_config list Port p2
    --bare --columns=other_config,flood_vlans list Bridge
    -f table --max-column-width=3 --columns=name,trunks list Port p2
    -f table --columns=name list Port p1 -- --columns=name list Port p2
    -f csv --columns=name list Port p1 -- --columns=name list Port p2
    --oneline --columns=name list Port p1 -- get Port p2 name
    --columns=datapath_id list Bridge br0
    -f csv --columns=datapath_id,other_config list Bridge br0
    -f html --columns=datapath_id list Bridge br0
  `,
  'create and destroy': `
    init
    create Bridge name=lost
    list-br
    -- --id=@b create Bridge name=br0 -- set Open_vSwitch . bridges=@b
    list-br
    -- --id=@b create Bridge name=br1 -- add Open_vSwitch . bridges @b
    -- --id=@m create Mirror name=m0 -- add Bridge br0 mirrors @m
    --columns=name,select_all list Mirror
    get Mirror m0 name
    -- --id=@q create Queue dscp=5 -- --id=@qos create QoS type=linux-htb queues:0=@q
    create QoS type=linux-htb
    --columns=type,queues list QoS
    --columns=dscp list Queue
    create QoS type=odd
    create QoS nonsense=1
    create Nonsense a=b
    -- --id=@x create Queue dscp=1 -- --id=@x create Queue dscp=2
    -- --id=x create Queue dscp=1
    set Bridge br0 netflow=@nf -- --id=@nf create NetFlow targets='"1.2.3.4:5"'
    --columns=targets list NetFlow br0
    get NetFlow br0 targets
    -- --id=@s create sFlow targets='"1.2.3.4:6343"' agent=eth0 -- set Bridge br0 sflow=@s
    get sFlow br0 agent
    -- --id=@i create IPFIX targets='"1.2.3.4:4739"' -- set Bridge br0 ipfix=@i
    get IPFIX br0 targets
    get IPFIX br1 targets
    -- --id=@br get Bridge br0 -- --id=@f create Flow_Sample_Collector_Set id=7 bridge=@br
    get Flow_Sample_Collector_Set 7 id
    get Flow_Sample_Collector_Set 8 id
    --columns=id list Flow_Sample_Collector_Set
    -- --id=@ft create Flow_Table name=t0 -- set Bridge br0 flow_tables:0=@ft
    get Flow_Table t0 name
    destroy QoS
    destroy QoS nope
    --if-exists destroy QoS nope
    --all destroy QoS
    --columns=type list QoS
    --all destroy QoS x
    --all --if-exists destroy QoS
    destroy Flow_Sample_Collector_Set 7
    destroy Bridge br0
    list-br
    --id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee create Queue dscp=9
    get Queue aaaaaaaa dscp
    get Queue aaaa dscp
    get Queue aaa dscp
    set Queue aaaa dscp=10
    get Queue aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee dscp
    --id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee create Queue dscp=9
    --id=aaaaffff-bbbb-4ccc-8ddd-eeeeeeeeeeee create Queue dscp=11
    get Queue aaaa dscp
    get Queue aaaaf dscp
    destroy Queue aaaab aaaaf
    --columns=dscp list Queue
    del-br br0
  `,
  'command lines': `
    --nonsense
    --nonsense list-br
    -Z list-br
    --
    -- --
    nonsense
    add-br
    add-br a b c d
    del-br
    list-br x
    list-br -x
    add-port br0
    set Bridge br0
    get
    --may-exist
    --may-exist list-br
    --may-exist=x add-br br0
    --columns list Bridge
    -- --columns list Bridge
    -- --may-exist --may-exist add-br br0
    -- --may-exist=1 add-br br0
    --timeout=0 list-br
    --timeout=x list-br
    --db=unix:/nonexistent list-br
    --db=tcp:127.0.0.1:1 list-br
    --db=foo:bar list-br
    --dry-run add-br br0
    list-br
    --dry-run -- add-br br0 -- add-br br0
    --no-syslog add-br br0
    --no-w list-br
    --t=5 list-br
    --one list-br
    --o list-br
    --d list-br
    -vconsole:off add-br br0
    -vfoo list-br
    -v list-br
    -t 10 list-br
    -t10 list-br
    --retry list-br
    --no-leader-only --no-shuffle-remotes list-br
    list-br -- list-br
    list-br -- list-ports nope
    -- list-br -- --fake list-br --
    br-exists br0 -- list-br
    br-exists nope -- add-br br7
    list-br
    --help
    --commands
    --options
  `,
  // A lone surrogate stands for a byte (src/base/text.ts): \udce9 is the byte E9.
  'text beyond ASCII and what is not UTF-8': `
    add-br brücke -- add-port brücke 端口 tag=7 -- add-port brücke a😀b
    list-br
    list-ports brücke
    port-to-br 端口
    show
    set bridge brücke external-ids:größe=😀 external-ids:k="\\u00e9\\ud83d\\ude00" other-config:ünï=ö
    get bridge brücke external-ids
    get bridge brücke external-ids:größe
    br-set-external-id brücke ключ знач
    br-get-external-id brücke
    remove bridge brücke external-ids größe
    find bridge external-ids:k=é😀 -- find port name=端口
    --columns=name,external_ids,other_config list bridge
    -f table --columns=name,external_ids,other_config list bridge
    -f table -d bare --columns=name,tag find port name=端口
    --max-column-width=4 -f table --columns=name,type find interface name=端口
    --max-column-width=4 -f table --columns=name,type find interface name=a😀b
    -f csv --columns=name,external_ids list bridge
    -f html --columns=name,external_ids list bridge
    -f json --columns=name,external_ids list bridge
    set bridge brücke external-ids:a='\u00a0' external-ids:'\u3000x\u2028'='\ufeff'
    get bridge brücke external-ids
    br-get-external-id brücke '\u3000x\u2028'
    set port 端口 tag='\u00a05' -- set port 端口 trunks='\u20075'
    set bridge brücke '\u00a0stp_enable=true'
    set bridge brücke fail-mode=é -- set bridge brücke stp_enable=ja
    set interface 端口 mtu_request=１４００
    set bridge brücke external-ids:b='"\\é"'
    set bridge brücke external-ids:b='"\\u00é"'
    set bridge brücke external-ids:b='"\\ude00"'
    set bridge brücke external-ids:b='"\\ud83d"'
    set bridge brücke external-ids:b=\udce9
    set bridge brücke external-ids:\udce9=b
    set bridge brücke external-ids:b=\udcc0\udc80
    set bridge brücke external-ids:b=\udced\udca0\udc80
    set bridge brücke external-ids:b=\udcf4\udc90\udc80\udc80
    set bridge brücke external-ids:b=x\udce2\udc82y
    set bridge brücke fail-mode=\udce9
    set bridge \udce9 name=x
    set \udce9 brücke name=x
    set bridge brücke \udce9=x
    br-set-external-id brücke \udce9 x
    br-get-external-id brücke \udce9
    br-exists \udce9
    port-to-br x\udce9
    del-port brücke x\udce9
    add-br \udce9
    add-port brücke p\udce9 -- set interface p\udce9 type=internal
    add-port brücke p\udce9 -- set interface p\udce9 options:peer=\udce9
    set-controller brücke \udce9
    find bridge name=\udce9
    get bridge \udce9 name
    destroy bridge \udce9
    --if-exists destroy bridge \udce9
    --may-exist add-br \udce9
    comment \udce9 -- list-br
    \udce9
    -\udce9
    -é
    --é=\udce9
    --timeout=\udce9 list-br
    -v\udce9 list-br
    --db=unix:\udce9 list-br
    --db=\udce9 list-br
    list-ifaces brücke
    br-get-external-id brücke
    del-br brücke -- list-br
  `,
};
