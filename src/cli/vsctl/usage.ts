/** The help text of ovs-vsctl, as the reference prints it. */
import { connectionHelp } from '../../daemon/program.ts';
import type { CtlSchema, CtlTable, RowId } from '../db-ctl/schema.ts';
import { tableUsage } from '../table.ts';

const commands = `
Open vSwitch commands:
  init                        initialize database, if not yet initialized
  show                        print overview of database contents
  emer-reset                  reset configuration to clean state

Bridge commands:
  add-br BRIDGE               create a new bridge named BRIDGE
  add-br BRIDGE PARENT VLAN   create new fake BRIDGE in PARENT on VLAN
  del-br BRIDGE               delete BRIDGE and all of its ports
  list-br                     print the names of all the bridges
  br-exists BRIDGE            exit 2 if BRIDGE does not exist
  br-to-vlan BRIDGE           print the VLAN which BRIDGE is on
  br-to-parent BRIDGE         print the parent of BRIDGE
  br-set-external-id BRIDGE KEY VALUE  set KEY on BRIDGE to VALUE
  br-set-external-id BRIDGE KEY  unset KEY on BRIDGE
  br-get-external-id BRIDGE KEY  print value of KEY on BRIDGE
  br-get-external-id BRIDGE  list key-value pairs on BRIDGE

Port commands (a bond is considered to be a single port):
  list-ports BRIDGE           print the names of all the ports on BRIDGE
  add-port BRIDGE PORT        add network device PORT to BRIDGE
  add-bond BRIDGE PORT IFACE...  add bonded port PORT in BRIDGE from IFACES
  del-port [BRIDGE] PORT      delete PORT (which may be bonded) from BRIDGE
  port-to-br PORT             print name of bridge that contains PORT

Interface commands (a bond consists of multiple interfaces):
  list-ifaces BRIDGE          print the names of all interfaces on BRIDGE
  iface-to-br IFACE           print name of bridge that contains IFACE

Controller commands:
  get-controller BRIDGE      print the controllers for BRIDGE
  del-controller BRIDGE      delete the controllers for BRIDGE
  [--inactivity-probe=MSECS]
  set-controller BRIDGE TARGET...  set the controllers for BRIDGE
  get-fail-mode BRIDGE       print the fail-mode for BRIDGE
  del-fail-mode BRIDGE       delete the fail-mode for BRIDGE
  set-fail-mode BRIDGE MODE  set the fail-mode for BRIDGE to MODE

Manager commands:
  get-manager                print the managers
  del-manager                delete the managers
  [--inactivity-probe=MSECS]
  set-manager TARGET...      set the list of managers to TARGET...

SSL commands:
  get-ssl                     print the SSL configuration
  del-ssl                     delete the SSL configuration
  set-ssl PRIV-KEY CERT CA-CERT  set the SSL configuration

Auto Attach commands:
  add-aa-mapping BRIDGE I-SID VLAN   add Auto Attach mapping to BRIDGE
  del-aa-mapping BRIDGE I-SID VLAN   delete Auto Attach mapping VLAN from BRIDGE
  get-aa-mapping BRIDGE              get Auto Attach mappings from BRIDGE

Switch commands:
  emer-reset                  reset switch to known good state

Database commands:
  list TBL [REC]              list RECord (or all records) in TBL
  find TBL CONDITION...       list records satisfying CONDITION in TBL
  get TBL REC COL[:KEY]       print values of COLumns in RECord in TBL
  set TBL REC COL[:KEY]=VALUE set COLumn values in RECord in TBL
  add TBL REC COL [KEY=]VALUE add (KEY=)VALUE to COLumn in RECord in TBL
  remove TBL REC COL [KEY=]VALUE  remove (KEY=)VALUE from COLumn
  clear TBL REC COL           clear values from COLumn in RECord in TBL
  create TBL COL[:KEY]=VALUE  create and initialize new record
  destroy TBL REC             delete RECord from TBL
  wait-until TBL REC [COL[:KEY]=VALUE]  wait until condition is true
Potentially unsafe database commands require --force option.
`;

export function vsctlUsage(name: string, schema: CtlSchema, defaultRemote: string, logHelp: string): string {
  return `${name}: ovs-vswitchd management utility
usage: ${name} [OPTIONS] COMMAND [ARG...]
${commands}${referenceWays(schema)}
Options:
  --db=DATABASE               connect to DATABASE
                              (default: ${defaultRemote})
  --no-wait                   do not wait for ovs-vswitchd to reconfigure
  --retry                     keep trying to connect to server forever
  -t, --timeout=SECS          wait at most SECS seconds for ovs-vswitchd
  --dry-run                   do not commit changes to database
  --oneline                   print exactly one line of output per command
${tableUsage}${logHelp}  --no-syslog             equivalent to --verbose=vsctl:syslog:warn

${connectionHelp('database', { listens: true, bootstraps: true })}
Other options:
  -h, --help                  display this help message
  -V, --version               display version information
`;
}

/** How a row of each table may be named. */
function referenceWays(schema: CtlSchema): string {
  const head = 'Database commands may reference a row in each table in the following ways:\n';
  const tables = schema.tables.map((table) => {
    const ways = [
      'by UUID',
      ...(table.isSingleton ? ['as "."'] : []),
      ...table.rowIds.map((id) => describeWay(table, id)),
    ];
    return `  ${table.name}:${ways.map((way) => `\n    ${way}`).join('')}\n`;
  });
  return head + tables.join('');
}

function describeWay(table: CtlTable, { nameColumn, key, uuidColumn, table: owner }: RowId): string {
  const name = key === undefined ? `"${nameColumn}"` : `"${nameColumn}:${key}"`;
  if (uuidColumn === undefined) return `by ${name}`;
  return `via "${uuidColumn}"${owner === table.name ? '' : ` of ${owner}`} with matching ${name}`;
}
