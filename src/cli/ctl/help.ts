/** The help text of ovs-ctl. */
import type { Directories } from '../../daemon/directories.ts';

export function ctlHelp(name: string, directories: Directories): string {
  return `${name}: controls Open vSwitch daemons
usage: ${name} [OPTIONS] COMMAND

Commands:
  start                       start Open vSwitch daemons
  stop                        stop Open vSwitch daemons
  restart                     stop and start Open vSwitch daemons
  status                      check whether Open vSwitch daemons are running
  version                     print versions of Open vSwitch daemons
  load-kmod                   does nothing: no kernel module is needed
  force-reload-kmod           the same as restart
  enable-protocol             enable protocol specified in options with
                              iptables
  delete-transient-ports      delete transient (other_config:transient=true)
                              ports
  start-ovs-ipsec, stop-ovs-ipsec
                              refused: IPsec is not built yet
  record-hostname-if-not-set  record the system hostname in the database
                              if not already set
  help                        display this help message

One of the following options is required for "start" and "restart":
  --system-id=UUID   set specific ID to uniquely identify this system
  --system-id=random  use a random but persistent UUID to identify this system

Other options for "start" and "restart":
  --system-type=TYPE  set system type (e.g. "KVM")
  --system-version=VERSION  set system version (e.g. "4.18.el8_6")
  --external-id="key=value"
                     add given key-value pair to Open_vSwitch external-ids
  --delete-bridges   delete all bridges just before starting ovs-vswitchd
  --delete-transient-ports  delete transient ports likewise
  --ovs-user="user[:group]"  pass the --user flag to ovs daemons
  --daemon-cwd=DIR               set working dir for OVS daemons (default: /)
  --no-mlockall                  do not ask ovs-vswitchd to lock its memory
  --ovsdb-server-priority=NICE   set ovsdb-server's niceness (default: as it is)
  --ovsdb-server-options=OPTIONS additional options for ovsdb-server
                                 (example: '-vconsole:dbg -vfile:dbg')
  --ovs-vswitchd-priority=NICE   set ovs-vswitchd's niceness (default: as it is)
  --ovs-vswitchd-options=OPTIONS additional options for ovs-vswitchd
                                 (example: '-vconsole:dbg -vfile:dbg')
  --no-ovsdb-server, --no-ovs-vswitchd  leave that daemon alone
  --no-monitor       do not restart daemons after a crash
  --no-full-hostname             set short hostname instead of full hostname
  --no-record-hostname           do not record the hostname

File location options:
  --db-file=FILE     database file name (default: ${directories.database}/conf.db)
  --db-sock=SOCKET   JSON-RPC socket name (default: ${directories.run}/db.sock)
  --db-schema=FILE   database schema file name (default: ${directories.packageData}/vswitch.ovsschema)
  --extra-dbs="FILE..."  databases that ovsdb-server serves too

Options for "enable-protocol":
  --protocol=PROTOCOL  protocol to enable with iptables (default: gre)
  --sport=PORT       source port to match (for tcp or udp protocol)
  --dport=PORT       destination port to match (for tcp or udp protocol)

Taken with a warning, since they have no effect here:
  --no-force-corefiles, --dump-hugepages, --no-self-confinement,
  --ovsdb-server-wrapper=WRAPPER, --ovs-vswitchd-wrapper=WRAPPER,
  --ike-daemon=IKE_DAEMON, --no-restart-ike-daemon

Other options:
  -h, --help                  display this help message
  -V, --version               display version information

Default directories, and the environment variables that override them:
  logs: ${directories.log} (OVS_LOGDIR)
  pidfiles and sockets: ${directories.run} (OVS_RUNDIR)
  conf.db: ${directories.database} (OVS_DBDIR)
  system configuration: ${directories.sysconf} (OVS_SYSCONFDIR)
  data files: ${directories.packageData} (OVS_PKGDATADIR)
  programs: beside this one, or OVS_BINDIR and OVS_SBINDIR
`;
}
