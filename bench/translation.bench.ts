/** How long it takes to say what becomes of a packet, and to say it again of every flow. */

import { ofPort } from '../src/base/units.ts';
import { newKey, setSlot } from '../src/flow/key.ts';
import { datapathWordCount } from '../src/flow/slots.ts';
import type { Ofproto } from '../src/ofproto/ofproto.ts';
import { Scratch } from '../src/ofproto/translate/request.ts';
import { everyTag } from '../src/ofproto/translate/tags.ts';
import { Trace } from '../src/ofproto/translate/trace/trace.ts';
import { translate } from '../src/ofproto/translate/translate.ts';
import { frameWith } from '../test/sim/frames.ts';
import { VirtualSwitch } from '../test/sim/virtual-switch.ts';
import { type Bench, median, type Row } from './support/report.ts';

async function bridgeWithPorts(count: number): Promise<{ sw: VirtualSwitch; bridge: Ofproto }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  for (let n = 1; n <= count; n++) await sw.addPort(bridge, `p${n}`);
  return { sw, bridge };
}

function tcpKey(): Uint32Array {
  const key = newKey();
  setSlot(key, 'eth_type', 0x0800);
  setSlot(key, 'nw_proto', 6);
  setSlot(key, 'nw_ttl', 64);
  setSlot(key, 'tp_dst', 80);
  return key.subarray(0, datapathWordCount);
}

/** Median microseconds of one translation. */
function translation({ sw, bridge }: { sw: VirtualSwitch; bridge: Ofproto }, isTraced = false): number {
  const context = { ...sw.backer.translation, scratch: new Scratch() };
  const request = { context, key: tcpKey(), ofproto: bridge, inPort: ofPort(1) };
  const rounds: number[] = [];
  for (let round = 0; round < 60; round++) {
    const start = process.hrtime.bigint();
    for (let n = 0; n < 1000; n++) {
      translate({ ...request, hasPacket: false, ...(isTraced ? { trace: new Trace() } : {}) });
    }
    rounds.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return median(rounds);
}

/** Microseconds a flow, when every flow is translated again. */
async function revalidation(flowCount: number): Promise<number> {
  const { sw } = await bridgeWithPorts(10);
  sw.backer.revalidator.setFlowLimit(flowCount);
  for (let n = 0; n < flowCount; n++) {
    sw.inject(
      'p1',
      frameWith({ src: '020000000001', dst: (0x040000000000 + n).toString(16).padStart(12, '0') }),
    );
  }
  const rounds: number[] = [];
  for (let round = 0; round < 15; round++) {
    sw.backer.revalidator.change(everyTag);
    const start = process.hrtime.bigint();
    sw.advance(100);
    rounds.push(Number(process.hrtime.bigint() - start) / (1000 * flowCount));
  }
  return median(rounds);
}

export const bench: Bench = {
  question: 'How long does it take to say what becomes of a packet?',
  async run(progress) {
    const rows: Row[] = [];
    const add = (what: string, ours: number): number => rows.push({ what, unit: 'us', ours, better: 'less' });
    progress.expect(5);
    for (const ports of [2, 100]) {
      progress.next(`flooding to ${ports} ports`);
      add(
        `NORMAL, flooded to ${ports - 1} ${ports === 2 ? 'port' : 'ports'}`,
        translation(await bridgeWithPorts(ports)),
      );
    }
    const pipeline = await bridgeWithPorts(3);
    for (let table = 0; table < 5; table++) {
      addRule(
        pipeline,
        `table=${table},priority=1,tcp,tp_dst=80,actions=mod_nw_tos:${4 * table},resubmit(,${table + 1})`,
      );
    }
    addRule(pipeline, 'table=5,actions=mod_nw_dst:10.0.0.1,dec_ttl,output:2,mod_vlan_vid:5,output:3');
    progress.next('six tables');
    add('six tables that change headers', translation(pipeline));
    progress.next('six tables, traced');
    add('the same, traced', translation(pipeline, true));
    progress.next('revalidation of 5000 flows');
    add('revalidation, each of 5000 flows', await revalidation(5000));
    return rows;
  },
};

function addRule({ sw, bridge }: { sw: VirtualSwitch; bridge: Ofproto }, rule: string): void {
  sw.addFlow(bridge, rule);
}
