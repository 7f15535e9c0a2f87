/** How an interface shapes what it sends, as `qos/show` tells it. */
import { type Netdev, qosOf } from '../../netdev/provider.ts';
import type { DeviceQueueStats, QosDetails } from '../../netdev/qos/port-qos.ts';

interface QueueReport {
  readonly queue: number;
  readonly details: QosDetails;
  /** Undefined where the device has none. */
  readonly statistics: Omit<DeviceQueueStats, 'createdAt'> | undefined;
}

export interface QosReport {
  readonly interface: string;
  readonly type: string;
  readonly details: QosDetails;
  readonly queues: readonly QueueReport[];
}

/** Undefined where nothing is shaped. Throws SyscallFailed. */
export function reportQos(netdev: Netdev): QosReport | undefined {
  const qos = qosOf(netdev);
  const current = qos?.current();
  if (qos === undefined || current === undefined || current.type === '') return undefined;
  const statistics = qos.statistics();
  const queues = [...qos.queues()].map(([queue, details]) => {
    const { txPackets, txBytes, txErrors } = statistics.get(queue) ?? {};
    const isCounted = statistics.has(queue);
    return { queue, details, statistics: isCounted ? { txPackets, txBytes, txErrors } : undefined };
  });
  return { interface: netdev.name, ...current, queues };
}

export function formatQos({ interface: name, type, details, queues }: QosReport): string {
  return `QoS: ${name} ${type}\n${formatPairs(details)}${queues.map(formatQueue).join('')}`;
}

function formatQueue({ queue, details, statistics }: QueueReport): string {
  const counts =
    statistics === undefined
      ? `  Failed to get statistics for queue ${queue}: No such file or directory`
      : formatPairs(countersOf(statistics), '  ');
  return `\n${queue === 0 ? 'Default' : `Queue ${queue}`}:\n${formatPairs(details, '  ')}${counts}`;
}

function* countersOf(statistics: NonNullable<QueueReport['statistics']>): Iterable<[string, number]> {
  const { txPackets, txBytes, txErrors } = statistics;
  if (txPackets !== undefined) yield ['tx_packets', txPackets];
  if (txBytes !== undefined) yield ['tx_bytes', txBytes];
  if (txErrors !== undefined) yield ['tx_errors', txErrors];
}

function formatPairs(pairs: Iterable<[string, string | number]>, indent = ''): string {
  return [...pairs].map(([key, value]) => `${indent}${key}: ${value}\n`).join('');
}
