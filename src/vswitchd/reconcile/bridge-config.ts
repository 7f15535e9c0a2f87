/** What the switch of a bridge is to be, from what its rows say, and what of that cannot be. */
import { VERSION } from '../../daemon/program.ts';
import { OPENFLOW_PORT, OVSDB_PORT } from '../../net/remote.ts';
import {
  type ControlConfig,
  type ControllerSettings,
  defaultController,
  type InBandConfig,
  type OfprotoConfig,
} from '../../ofproto/config.ts';
import { noExporters } from '../../ofproto/exporters/exporter-config.ts';
import { exporterWarnings } from '../config/exporter-rows.ts';
import type { BridgeSettings } from '../config/wanted.ts';
import { inBandRemote, refusalOfTarget } from './controller-targets.ts';
import type { LiveBridge } from './live.ts';

/** What all bridges have in common of how they talk OpenFlow. */
export interface SharedControl extends Omit<ControlConfig, 'controllers' | 'inBand'> {
  /** Those that the host connects to, possibly by way of a bridge, and the port of those that say none. */
  readonly managers: readonly string[];
}

/** What a bridge of that name and address is to be; exporters follow when it is there. */
export function ofprotoConfig(
  name: string,
  settings: BridgeSettings,
  hwaddr: string,
  { managers, ...control }: SharedControl,
): OfprotoConfig {
  const { datapathId, failMode, macAgingTime, macTableSize, forwardBpdu, floodVlans } = settings;
  return {
    datapathId: datapathId ?? `0000${hwaddr.replaceAll(':', '')}`,
    failMode,
    hwaddr,
    macAgingTime,
    macTableSize,
    forwardBpdu,
    floodVlans,
    multicast: settings.isSnooping
      ? {
          agingTime: settings.multicastAgingTime,
          maxSize: settings.multicastTableSize,
          floodsUnregistered: !settings.keepsUnregistered,
        }
      : undefined,
    autoAttach: settings.autoAttach,
    tree: settings.tree,
    mirrors: settings.mirrors.flatMap(({ config }) => config ?? []),
    exporters: noExporters,
    tables: settings.tables,
    versions: settings.versions,
    description: {
      manufacturer: 'Nicira, Inc.',
      hardware: 'Open vSwitch',
      software: VERSION,
      serialNumber: settings.serialNumber ?? 'None',
      datapath: settings.description ?? 'None',
    },
    control: {
      ...control,
      controllers: controllersOf(name, settings, control.runFolder),
      inBand: inBandOf(settings, managers),
    },
  };
}

interface Refusal {
  readonly level: 'warn' | 'err';
  readonly text: string;
}

/** What of its rows is not done, in the reference's words. */
export function bridgeRefusals(
  { name, settings, backer, ports }: LiveBridge,
  { runFolder }: SharedControl,
): readonly Refusal[] {
  const { controllers, mirrors, exporters } = settings;
  const targets = controllers.flatMap(({ target }) => refusalOfTarget(name, target, runFolder) ?? []);
  return [
    ...targets.map((text) => ({ level: 'err', text }) as const),
    ...mirrors.flatMap((mirror) => mirror.refusals),
    ...exporterWarnings(exporters, { datapath: backer.datapath.name, portCount: ports.size }),
  ];
}

/** Those of the rows that may be used, and the socket for tools that every bridge has. */
function controllersOf(
  bridge: string,
  { controllers, controllerQueueSize }: BridgeSettings,
  runFolder: string | undefined,
): ControllerSettings[] {
  const known = new Map<string, ControllerSettings>();
  if (runFolder !== undefined) {
    const target = `punix:${runFolder}/${bridge}.mgmt`;
    known.set(target, { ...defaultController, isForTools: true, target, type: 'service', probeInterval: 60 });
  }
  for (const {
    queueSize = controllerQueueSize,
    isInBand: _,
    localAddress: __,
    ...controller
  } of controllers) {
    const { target } = controller;
    if (!known.has(target) && refusalOfTarget(bridge, target, runFolder) === undefined)
      known.set(target, { ...controller, queueSize });
  }
  return [...known.values()];
}

function inBandOf(
  { controllers, disableInBand, inBandQueue: queue }: BridgeSettings,
  managers: readonly string[],
): InBandConfig {
  if (disableInBand) return { remotes: [], queue };
  const remotes = [
    ...controllers.map(({ isInBand, target }) =>
      isInBand ? inBandRemote(target, OPENFLOW_PORT) : undefined,
    ),
    ...managers.map((target) => inBandRemote(target, OVSDB_PORT)),
  ];
  return { remotes: remotes.filter((remote) => remote !== undefined), queue };
}
