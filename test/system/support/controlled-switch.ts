/** A switch, the reference's unless told, with two hosts at it, which forwards only what a controller tells it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SwitchHost, until, type Which } from './daemon-pair.ts';
import { Namespace } from './namespace.ts';

export class ControlledSwitch implements AsyncDisposable {
  readonly daemon: SwitchHost;
  readonly a = new Namespace('a');
  readonly b = new Namespace('b');
  /** Where the switch looks for a controller that listens. */
  readonly controllerSocket: string;

  constructor(which: Which = 'reference') {
    this.daemon = new SwitchHost(which);
    this.controllerSocket = join(this.daemon.folder, 'br0.controller');
  }

  /** The hosts are 10.0.0.1 at port pa, which is number 1, and 10.0.0.2 at pb, 2. */
  async start(): Promise<void> {
    const { daemon } = this;
    await daemon.start();
    this.a.link('eth0', 'pa', '10.0.0.1/24', daemon.host);
    this.b.link('eth0', 'pb', '10.0.0.2/24', daemon.host);
    const bridge = ['datapath_type=netdev', 'fail_mode=secure', 'other_config:disable-in-band=true'];
    daemon.configure(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', ...bridge],
      'other_config:hwaddr=02:00:00:00:00:0f',
      ...['--', 'add-port', 'br0', 'pa', '--', 'set', 'interface', 'pa', 'ofport_request=1'],
      ...['--', 'add-port', 'br0', 'pb', '--', 'set', 'interface', 'pb', 'ofport_request=2'],
    );
  }

  /** Points the switch at a controller, and waits until they have talked. */
  async setController(target: string, protocols: string): Promise<void> {
    const { daemon } = this;
    daemon.configure('set', 'bridge', 'br0', `protocols=${protocols}`, '--', 'set-controller', 'br0', target);
    daemon.configure('set', 'controller', 'br0', 'max_backoff=1000');
    await until(
      () => daemon.configure('get', 'controller', 'br0', 'is_connected') === 'true',
      'the switch to reach its controller',
    );
  }

  /** Takes the controller away, and the flows that it made. */
  removeController(): void {
    this.daemon.configure('del-controller', 'br0');
    this.ofctl('del-flows', `unix:${this.daemon.folder}/br0.mgmt`);
    rmSync(this.controllerSocket, { force: true });
  }

  /** From host a to host b, until so many answers have come. Throws when they do not; what is sent before is lost. */
  ping(count = 3): void {
    this.a.run('ping', '-c', String(count), '-i', '0.2', '-w', '60', '10.0.0.2');
  }

  /** The reference's tool; what it prints. Throws when it fails. */
  ofctl(...args: readonly string[]): string {
    const done = this.daemon.run('ovs-ofctl', '-O', 'OpenFlow10,OpenFlow13,OpenFlow15', ...args);
    if (done.status !== 0) throw new Error(`ovs-ofctl ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  flows(): string {
    return this.ofctl('dump-flows', `unix:${this.daemon.folder}/br0.mgmt`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    this.a[Symbol.dispose]();
    this.b[Symbol.dispose]();
  }
}
