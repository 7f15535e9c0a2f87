/**
 * What rows of QoS and Queue ask of the ports that refer to them: ovs-vswitchd.conf.db(5). Which keys of `other_config`
 * there are depends on the type, and is the device's to say.
 */
import type { Uuid } from '../../base/units.ts';
import type { QosDetails } from '../../netdev/qos/port-qos.ts';
import type { ChangeSet, View } from '../../ovsdb/client/index.ts';
import type { OvsRow, OvsTables } from '../schema/index.ts';
import { isConfigChanged, type Links, link, unlink } from './row-links.ts';

interface WantedQueue {
  readonly number: number;
  /** What its packets are marked with. */
  readonly dscp: number | undefined;
  readonly details: QosDetails;
}

export interface WantedQos {
  /** Never "". */
  readonly type: string;
  readonly details: QosDetails;
  /** By number. */
  readonly queues: readonly WantedQueue[];
}

export const qosColumns = ['type', 'queues', 'other_config'] as const satisfies (keyof OvsRow<'QoS'>)[];
export const queueColumns = ['dscp', 'other_config'] as const satisfies (keyof OvsRow<'Queue'>)[];

export class QosRows {
  readonly #view: View<OvsTables>;
  readonly #portsOfQos: Links = new Map();
  readonly #qosOfQueue: Links = new Map();

  constructor(view: View<OvsTables>) {
    this.#view = view;
  }

  /** Follows references, and adds the ports of which the shaping may be another to `ports`. */
  take(changes: ChangeSet<OvsTables>, ports: Set<Uuid>): void {
    for (const { id, old, new: row } of changes.of('Port')) {
      if (old?.qos === row?.qos) continue;
      if (old?.qos !== undefined) unlink(this.#portsOfQos, old.qos, id);
      if (row?.qos !== undefined) link(this.#portsOfQos, row.qos, id);
    }
    for (const delta of changes.of('QoS')) {
      const { id, old, new: row } = delta;
      if (!isConfigChanged(delta, qosColumns)) continue;
      for (const queue of old?.queues.values() ?? []) unlink(this.#qosOfQueue, queue, id);
      for (const queue of row?.queues.values() ?? []) link(this.#qosOfQueue, queue, id);
      this.#addPorts(id, ports);
    }
    for (const delta of changes.of('Queue'))
      if (isConfigChanged(delta, queueColumns))
        for (const qos of this.#qosOfQueue.get(delta.id) ?? []) this.#addPorts(qos, ports);
  }

  /** Undefined where nothing is to shape. */
  of({ qos: id }: OvsRow<'Port'>): WantedQos | undefined {
    const row = id === undefined ? undefined : this.#view.row('QoS', id);
    if (row === undefined || row.type === '') return undefined;
    const queues = [...row.queues].flatMap(([number, queue]) => {
      const found = this.#view.row('Queue', queue);
      return found === undefined
        ? []
        : [{ number: Number(number), dscp: found.dscp, details: found.other_config }];
    });
    return {
      type: row.type,
      details: row.other_config,
      queues: queues.sort((a, b) => a.number - b.number),
    };
  }

  #addPorts(qos: Uuid, ports: Set<Uuid>): void {
    for (const port of this.#portsOfQos.get(qos) ?? []) ports.add(port);
  }
}
