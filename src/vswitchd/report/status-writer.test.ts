import { expect, test } from 'vitest';
import type { Uuid } from '../../base/units.ts';
import { StatusWriter } from './status-writer.ts';

type Client = ConstructorParameters<typeof StatusWriter>[0];

/** A database that refuses every transaction which writes one of these rows. */
function databaseThatRefuses(...refused: readonly string[]) {
  const written: string[][] = [];
  const client: Client = {
    hasLock: true,
    shows: () => false,
    view: { row: () => ({}) } as unknown as Client['view'],
    async transact(build) {
      const rows: string[] = [];
      build({ update: (_: string, id: string) => rows.push(id) } as never);
      if (rows.some((id) => refused.includes(id)))
        return { status: 'error', tag: 'constraint violation', details: 'too large' };
      written.push(rows);
      return { status: 'committed', incremented: undefined };
    },
  };
  return { client, written };
}

async function untilIdle(writer: StatusWriter): Promise<void> {
  while (!writer.isIdle) await new Promise((resolve) => setImmediate(resolve));
}

const uuid = (text: string) => text as Uuid;

test('a row that the database refuses does not take the others with it', async () => {
  const { client, written } = databaseThatRefuses('root', 'i3');
  const writer = new StatusWriter(client);
  for (const name of ['i0', 'i1', 'i2', 'i3', 'i4']) writer.put('Interface', uuid(name), { mtu: 1500 });
  writer.put('Bridge', uuid('b0'), { datapath_id: '1' });
  writer.put('Open_vSwitch', uuid('root'), { cur_cfg: 2 ** 63 });
  writer.flush();
  await untilIdle(writer);
  expect(written.flat().sort()).toEqual(['b0', 'i0', 'i1', 'i2', 'i4']);
});

test('what is put while parts of a refused batch wait is written after them', async () => {
  const { client, written } = databaseThatRefuses('i0');
  const writer = new StatusWriter(client);
  for (const name of ['i0', 'i1']) writer.put('Interface', uuid(name), { mtu: 1500 });
  writer.flush();
  writer.put('Interface', uuid('i2'), { mtu: 1400 });
  await untilIdle(writer);
  expect(written).toEqual([['i1'], ['i2']]);
});
