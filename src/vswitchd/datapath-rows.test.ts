import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SwitchFixture } from '../../test/sim/switch-fixture.ts';
import { logRegistry } from '../base/log.ts';
import type { OvsRow } from './schema/index.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

/** A row of a datapath whose zone has that timeout of first packets over UDP. */
function addDatapath(type: string, zone: number, udpFirst: number): Promise<void> {
  return fixture.change((tx, root) => {
    const timeout_policy = tx.insert('CT_Timeout_Policy', { timeouts: new Map([['udp_first', udpFirst]]) });
    const id = tx.insert('Datapath', {
      ct_zones: new Map([[zone, tx.insert('CT_Zone', { timeout_policy })]]),
      capabilities: new Map([
        ['own', 'x'],
        ['ufid', 'x'],
      ]),
    });
    tx.update('Open_vSwitch', root._uuid, { datapaths: new Map([[type, id]]) });
  });
}

/** What becomes of connections of that zone. */
async function trackedIn(zone: number): Promise<string | undefined> {
  const actions = `ct(commit,zone=${zone})`;
  const text = await fixture.appctl('ofproto/trace-packet-out', 'br0', 'in_port=1,udp', actions);
  return /Datapath actions: (.*)/.exec(text)?.[1];
}

function datapathRow(): OvsRow<'Datapath'> {
  const [row] = fixture.tool.view.rows('Datapath').values();
  return row ?? expect.unreachable();
}

describe('rows of datapaths', () => {
  test('get what the datapath can do, once, beside what is there', async () => {
    await fixture.addBridge('br0');
    await addDatapath('dummy', 5, 7);
    const { _uuid, capabilities } = datapathRow();
    expect(Object.fromEntries(capabilities)).toMatchObject({
      own: 'x',
      ufid: 'true',
      ct_timeout: 'true',
      ct_flush: 'true',
      sample_nesting: 'true',
    });
    await fixture.change((tx) => tx.update('Datapath', _uuid, { capabilities: new Map() }));
    expect(datapathRow().capabilities).toEqual(new Map());
    await fixture.restart();
    expect(datapathRow().capabilities.get('ct_timeout')).toBe('true');
  });

  test('say how long connections of zones may be silent, also after a change of any row', async () => {
    await fixture.addBridge('br0');
    expect(await trackedIn(5)).toBe('ct(commit,zone=5)');
    await addDatapath('dummy', 5, 7);
    expect([await trackedIn(5), await trackedIn(6)]).toEqual([
      'ct(commit,zone=5,timeout=1)',
      'ct(commit,zone=6)',
    ]);
    const [policy] = fixture.tool.view.rows('CT_Timeout_Policy').keys();
    const [zone] = fixture.tool.view.rows('CT_Zone').keys();
    if (policy === undefined || zone === undefined) expect.unreachable();
    await fixture.change((tx) =>
      tx.update('CT_Timeout_Policy', policy, { timeouts: new Map([['udp_first', 8]]) }),
    );
    expect(await trackedIn(5)).toBe('ct(commit,zone=5,timeout=2)');
    await fixture.change((tx) => tx.update('CT_Zone', zone, { timeout_policy: undefined }));
    expect(await trackedIn(5)).toBe('ct(commit,zone=5,timeout=1)');
    await fixture.change((tx) => tx.update('Datapath', datapathRow()._uuid, { ct_zones: new Map() }));
    expect(await trackedIn(5)).toBe('ct(commit,zone=5)');
  });

  test('count for a datapath that comes later, and for one that comes back', async () => {
    await addDatapath('dummy', 5, 7);
    expect(datapathRow().capabilities.get('ct_timeout')).toBeUndefined();
    await fixture.addBridge('br0');
    expect(await trackedIn(5)).toBe('ct(commit,zone=5,timeout=1)');
    expect(datapathRow().capabilities.get('ct_timeout')).toBe('true');
    await fixture.change((tx, root) => tx.update('Open_vSwitch', root._uuid, { bridges: [] }));
    await fixture.change((tx, root) => tx.update('Open_vSwitch', root._uuid, { datapaths: new Map() }));
    await fixture.addBridge('br0');
    expect(await trackedIn(5)).toBe('ct(commit,zone=5)');
  });

  test('of datapaths that there cannot be are told in the log', async () => {
    const said: string[] = [];
    logRegistry.setSink('file', { write: ({ text }) => void said.push(text) });
    await addDatapath('nowhere', 5, 7);
    await addDatapath('', 5, 7);
    logRegistry.setSink('file', undefined);
    expect(said.filter((text) => text.includes('type'))).toEqual(['unknown datapath type nowhere']);
  });
});
