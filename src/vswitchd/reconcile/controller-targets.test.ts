import { expect, test } from 'vitest';
import { inBandRemote, refusalOfTarget } from './controller-targets.ts';

test.each([
  'tcp:127.0.0.1:6653',
  'ptcp:6653',
  'blah:3',
  'punix:/run/ovs/br0.x',
  'unix:/run/ovs/any/where',
  'unix:here',
])('%s may be a controller', (target) => {
  expect(refusalOfTarget('br0', target, '/run/ovs')).toBeUndefined();
});

test.each([
  'punix:/run/ovs/br1.x',
  'punix:/run/ovs/br0.x/y',
  'punix:/tmp/br0.x',
  'punix:br0.x',
  'unix:/tmp/x',
  'unix:/run/ovs/../x',
  'unix:../x',
  'unix:',
])('%s is not for a bridge to use', (target) => {
  expect(refusalOfTarget('br0', target, '/run/ovs')).toContain(`"${target}"`);
});

test.each([
  ['tcp:10.1.1.1', { address: '10.1.1.1', port: 6653 }],
  ['ssl:10.1.1.1:77', { address: '10.1.1.1', port: 77 }],
  ['tcp:10.1.1', undefined],
  ['tcp:[::1]:5', undefined],
  ['tcp:localhost:33', undefined],
  ['ptcp:33:10.1.1.1', undefined],
  ['unix:10.1.1.1', undefined],
])('%s is reached in band at %o', (target, remote) => {
  expect(inBandRemote(target, 6653)).toEqual(remote);
});
