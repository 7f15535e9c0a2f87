/** A server in one process with a fake clock, and clients that keep what they are told. For the tests of this folder. */
import { FakeClock } from '../../base/clock.ts';
import { defer } from '../../base/defer.ts';
import { Timers } from '../../base/timers.ts';
import { type Uuid, uuid } from '../../base/units.ts';
import type { Channel, Json, JsonObject, RpcMessage } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { Database } from '../engine/database.ts';
import { compileSchema } from '../engine/schema.ts';
import type { ServerLimits } from './context.ts';
import { OvsdbServer } from './server.ts';
import type { ServeOptions } from './session.ts';

const testSchema: Json = {
  name: 'test',
  version: '1.0.0',
  tables: {
    item: {
      columns: {
        name: { type: 'string' },
        number: { type: 'integer' },
        tags: { type: { key: 'string', min: 0, max: 'unlimited' } },
        options: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        note: { type: { key: 'string', min: 0, max: 1 } },
      },
      indexes: [['name']],
      isRoot: true,
    },
    other: { columns: { text: { type: 'string' } }, isRoot: true },
  },
};

export class Fixture {
  readonly clock = new FakeClock();
  readonly timers = new Timers(this.clock);
  readonly server: OvsdbServer;
  readonly db: Database;
  readonly newUuid: () => Uuid;
  /** What was put off with `defer`. */
  readonly #later: (() => void)[] = [];
  #uuidCount = 0;

  /** `digit` tells the uuids of two servers apart. */
  constructor(limits: Partial<ServerLimits> = {}, schema: Json = testSchema, digit = '0') {
    const newUuid = () => {
      this.#uuidCount++;
      return uuid(`0000000${digit}-0000-4000-8000-${String(this.#uuidCount).padStart(12, '0')}`);
    };
    this.newUuid = newUuid;
    this.server = new OvsdbServer({
      timers: this.timers,
      defer: (action) => this.#later.push(action),
      newUuid,
      limits,
    });
    this.db = new Database(compileSchema(schema), { timers: this.timers, newUuid });
    this.server.addDatabase(this.db);
  }

  client(options: ServeOptions = {}): TestClient {
    return new TestClient(this, this.server.connect(options));
  }

  /** Lets everything happen that is under way. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      for (const action of this.#later.splice(0)) action();
      await new Promise<void>((resolve) => defer(resolve));
    }
  }
}

export class TestClient {
  readonly #fixture: Fixture;
  readonly channel: Channel;
  readonly notifications: { readonly method: string; readonly params: readonly Json[] }[] = [];
  /** Replies by the JSON of their ids. */
  readonly replies = new Map<string, { readonly result: Json; readonly error: Json }>();
  /** In order of arrival: methods of notifications, "reply". */
  readonly order: string[] = [];
  isClosed = false;
  #nextId = 0;

  constructor(fixture: Fixture, channel: Channel) {
    this.#fixture = fixture;
    this.channel = channel;
    channel.events = {
      message: (message) => this.#receive(message),
      closed: () => {
        this.isClosed = true;
      },
    };
  }

  /** The result of a request; its error as {error}. */
  async ask(method: string, ...params: readonly Json[]): Promise<Json> {
    const id = this.#nextId++;
    this.channel.send({ method, params, id });
    await this.#fixture.settle();
    const reply = this.replies.get(String(id));
    if (reply === undefined) return 'no reply';
    return reply.error === null ? reply.result : { error: reply.error };
  }

  transact(...operations: readonly JsonObject[]): Promise<Json> {
    return this.ask('transact', 'test', ...operations);
  }

  /** The notifications since the last call. */
  take(): { readonly method: string; readonly params: readonly Json[] }[] {
    return this.notifications.splice(0);
  }

  #receive(message: RpcMessage): void {
    if (!('method' in message)) {
      this.replies.set(formatJson([message.id]).slice(1, -1), message);
      this.order.push('reply');
    } else if (message.id === null) {
      this.notifications.push({ method: message.method, params: message.params });
      this.order.push(message.method);
    }
  }
}

/** An insert into `item`. */
export function insertItem(row: JsonObject): JsonObject {
  return { op: 'insert', table: 'item', row };
}
