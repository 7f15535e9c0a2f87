import { afterEach, describe, expect, test } from 'vitest';
import {
  type ProtocolSet,
  protocolSets,
  protocols,
  readProtocols,
} from '../../openflow/protocols/protocols.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import { allowedBy } from './allowed.ts';
import type { OfctlContext } from './context.ts';
import { FakeSwitch } from './fake-switch.ts';
import { openForChanges, openForDump, openTarget } from './protocol.ts';

const switches: FakeSwitch[] = [];
afterEach(() => {
  for (const one of switches.splice(0)) one.close();
});

async function switchOf(...versions: WireVersion[]): Promise<FakeSwitch> {
  const made = new FakeSwitch(...versions);
  await made.listen();
  switches.push(made);
  return made;
}

interface Given {
  readonly versions?: readonly WireVersion[];
  readonly formats?: ProtocolSet;
  readonly bundle?: boolean;
}

/** A context, and the lines that it was warned with. */
function contextOf({ versions, formats = protocolSets.any, bundle = false }: Given): {
  readonly context: OfctlContext;
  readonly warned: string[];
} {
  const warned: string[] = [];
  let xid = 0;
  const context: OfctlContext = {
    verbosity: 0,
    isRaw: false,
    allowed: allowedBy(versions, formats, bundle),
    names: { areAccepted: true, areShown: false },
    flows: { isStrict: false, isBundle: bundle, readdsAll: false, showsStats: true, order: [] },
    rundir: '/',
    tls: {},
    mayCreate: false,
    connections: [],
    printError: () => {},
    end: (text) => {
      throw new Error(text);
    },
    nextXid: () => ++xid,
    print: () => {},
    warn: (text) => warned.push(text),
  };
  return { context, warned };
}

const changesOf = ({ told }: FakeSwitch): string[] =>
  told.map(({ name }) => name).filter((name) => name !== 'BARRIER_REQUEST');

describe('a connection for changes', () => {
  test.each([
    ['any', [], protocols.openflow10],
    ['NXM,OXM', ['SET_FLOW_FORMAT'], protocols.nxm],
    ['OpenFlow10+table_id,NXM+table_id,OXM', ['FLOW_MOD_TABLE_ID'], protocols.openflow10TableId],
    ['NXM+table_id,OXM', ['SET_FLOW_FORMAT', 'FLOW_MOD_TABLE_ID'], protocols.nxmTableId],
  ])('says %s in OpenFlow 1.0 after %j', async (usable, changes, protocol) => {
    const one = await switchOf(1, 4);
    const { context, warned } = contextOf({});
    const session = await openForChanges(context, one.target, readProtocols(usable));
    session.connection.close();
    expect(session.protocol).toBe(protocol);
    expect(changesOf(one)).toEqual(changes);
    expect(warned).toEqual([]);
  });

  test('goes on to the next protocol where the switch refuses one', async () => {
    const one = await switchOf(1);
    one.refused.add('FLOW_MOD_TABLE_ID');
    const { context } = contextOf({});
    const usable = protocolSets.tableId | protocols.nxm;
    const session = await openForChanges(context, one.target, usable);
    session.connection.close();
    expect(session.protocol).toBe(protocols.nxm);
    one.refused.add('SET_FLOW_FORMAT');
    await expect(openForChanges(context, one.target, usable)).rejects.toThrow(
      'switch does not support any of the usable flow formats (NXM,OXM,OpenFlow10+table_id,OpenFlow11)',
    );
  });

  test('speaks a later version where only that can say it, unless -O says otherwise', async () => {
    const one = await switchOf(1, 4);
    const { context, warned } = contextOf({});
    const session = await openForChanges(context, one.target, protocolSets.since11);
    session.connection.close();
    expect(session.protocol).toBe(protocols.openflow13);
    expect(warned).toHaveLength(1);
    const strict = contextOf({ versions: [1] });
    await expect(openForChanges(strict.context, one.target, protocolSets.since11)).rejects.toThrow(
      'none of the usable flow formats (OXM,OpenFlow11) is among the allowed flow formats (OpenFlow10,NXM)',
    );
  });

  test('keeps to the flow formats of -F', async () => {
    const one = await switchOf(1, 4);
    const { context } = contextOf({ formats: readProtocols('NXM') });
    const session = await openForChanges(context, one.target, protocolSets.any);
    session.connection.close();
    expect(session.protocol).toBe(protocols.nxm);
    await expect(openForChanges(context, one.target, protocolSets.since11)).rejects.toThrow(
      'none of the usable flow formats (OXM,OpenFlow11) is among the allowed flow formats (NXM)',
    );
  });

  test('has bundles in OpenFlow 1.4, or in what the switch speaks', async () => {
    for (const version of [4, 5] as const) {
      const one = await switchOf(version);
      const { context, warned } = contextOf({ bundle: true });
      const session = await openForChanges(context, one.target, protocolSets.since13);
      session.connection.close();
      expect(session.connection.version).toBe(version);
      expect(warned).toHaveLength(version === 4 ? 1 : 0);
    }
  });
});

describe('a connection for questions', () => {
  test.each([
    [[1], protocols.nxm],
    [[1, 2, 3, 4, 5, 6], protocols.openflow15],
  ])('of versions %j says most', async (versions, protocol) => {
    const one = await switchOf(1, 6);
    const { context } = contextOf({ versions: versions as WireVersion[] });
    const session = await openForDump(context, one.target, protocolSets.any);
    session.connection.close();
    expect(session.protocol).toBe(protocol);
  });

  test('takes OpenFlow 1.0 as it is where the switch has no extensions', async () => {
    const one = await switchOf(1);
    one.refused.add('SET_FLOW_FORMAT');
    const session = await openForDump(contextOf({}).context, one.target, protocolSets.any);
    session.connection.close();
    expect(session.protocol).toBe(protocols.openflow10);
  });
});

describe('a switch without OpenFlow 1.0', () => {
  test('is spoken to in its own version, with a warning', async () => {
    const one = await switchOf(4, 5);
    const { context, warned } = contextOf({});
    const connection = await openTarget(context, one.target);
    connection.close();
    expect(connection.version).toBe(5);
    expect(warned).toEqual([`${one.target} is spoken to in OpenFlow14 since -O does not say otherwise`]);
  });

  test('is not spoken to where -O says otherwise', async () => {
    const one = await switchOf(4);
    await expect(openTarget(contextOf({ versions: [1, 2] }).context, one.target)).rejects.toThrow(
      `${one.target}: failed to connect to socket (Protocol error)`,
    );
  });
});

describe('what options allow', () => {
  test('is refused where -O and -F have nothing in common', () => {
    expect(() => allowedBy([2, 1], readProtocols('OXM'), false)).toThrow(
      'None of the enabled OpenFlow versions (OpenFlow10, OpenFlow11) supports any of the enabled flow formats (OXM).',
    );
    expect(allowedBy(undefined, readProtocols('OXM'), false).versions).toEqual([3, 4, 5, 6]);
    expect(allowedBy([1], protocolSets.any, true).versions).toEqual([5]);
    expect(allowedBy([1, 4], protocolSets.any, true).versions).toEqual([1, 4]);
  });
});
