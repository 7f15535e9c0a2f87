/** A worker thread of the userspace datapath. Started by `WorkerThread` with a `WorkerStart` as its data. */
import { parentPort, workerData } from 'node:worker_threads';
import { warmUp } from '../datapath/userspace/jit-warm-up.ts';
import { runWorker } from '../datapath/userspace/worker.ts';
import { openPortIo, openTxPort, openWarmUpPort } from '../netdev/registry.ts';

if (parentPort === null) throw new Error('runs only as a worker thread of ovs-vswitchd');
runWorker(parentPort, workerData, { openPortIo, openTxPort }, warmUp(openWarmUpPort));
