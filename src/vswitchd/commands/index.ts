/** The appctl commands about bridges, ports and flows. Those that every daemon has are in src/daemon. */
import type { Clock } from '../../base/clock.ts';
import type { Command } from '../../daemon/unixctl.ts';
import type { Switch } from '../switch.ts';
import { bondCommands } from './bond.ts';
import { bridgeCommands } from './bridge.ts';
import { configCommands } from './config.ts';
import { datapathThreadCommands } from './datapath-threads.ts';
import { discoveryCommands } from './discovery.ts';
import { dpctlCommands } from './dpctl/index.ts';
import { dpifCommands } from './dpif.ts';
import { dropCommands } from './drops.ts';
import { fdbCommands } from './fdb.ts';
import { implementationCommands } from './implementations.ts';
import { tunnelListCommand } from './list-tunnels.ts';
import { lookupCommands } from './lookups.ts';
import { mdbCommands } from './mdb.ts';
import { monitoringCommands } from './monitoring.ts';
import { qosCommands } from './qos.ts';
import { routeCommands } from './routes.ts';
import { treeCommands } from './stp.ts';
import { traceCommands } from './trace.ts';
import { tunnelCommands } from './tunnels.ts';

export function switchCommands(aSwitch: Switch, clock: Clock): Command[] {
  const now = () => clock.now();
  return [
    ...discoveryCommands(aSwitch),
    ...bondCommands(aSwitch),
    ...monitoringCommands(aSwitch),
    ...bridgeCommands(aSwitch, now),
    ...configCommands(aSwitch),
    ...datapathThreadCommands(aSwitch, () => clock.wall()),
    ...dpctlCommands(aSwitch, now),
    ...dpifCommands(aSwitch, now),
    ...dropCommands(aSwitch),
    ...fdbCommands(aSwitch),
    ...implementationCommands(aSwitch),
    ...lookupCommands(aSwitch),
    tunnelListCommand(aSwitch),
    ...mdbCommands(aSwitch),
    ...qosCommands(aSwitch),
    ...routeCommands(aSwitch.tunnelHost.routes),
    ...traceCommands(aSwitch),
    ...treeCommands(aSwitch),
    ...tunnelCommands(aSwitch.tunnelHost),
  ];
}
