import { expect, test } from 'vitest';
import { refusalOfTarget } from './controller-targets.ts';

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
