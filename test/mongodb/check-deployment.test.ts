import { expect, test } from 'vitest';
import { checkDeployment } from '../../src/connectors/mongodb/check/check-deployment.ts';
import { mustBeFit } from '../../src/store/mongodb/deployment.ts';

const endpoint = { address: 'one:27017/shop' };
const newest = { version: '8.0.4', wireVersion: 25, kind: 'replica-set' } as const;
/** The last one that is too old, and the first that is not. */
const older = { ...newest, version: '4.4.29', wireVersion: 9 };
const oldest = { ...newest, version: '5.0.0', wireVersion: 13 };

const found = (facts: Parameters<typeof checkDeployment>[0]['facts'], role: 'source' | 'destination') =>
  checkDeployment({ facts, endpoint }, role).map(({ level, code, subject }) => `${level} ${code} ${subject}`);

test.each(['source', 'destination'] as const)('a deployment can be a %s from MongoDB 5.0 on', (role) => {
  expect(found(newest, role)).toEqual([]);
  expect(found(oldest, role)).toEqual([]);
  expect(found(older, role)).toEqual([`error server-too-old ${role}`]);
  const [finding] = checkDeployment({ facts: older, endpoint }, role);
  expect(finding?.message).toBe('one:27017/shop runs MongoDB 4.4.29; at least MongoDB 5.0 is needed');
});

test.each(['source', 'destination'] as const)('a sharded cluster can’t be a %s', (role) => {
  expect(found({ ...newest, kind: 'sharded' }, role)).toEqual([`error mongodb-sharded ${role}`]);
});

test('a standalone server can be read, and not written to', () => {
  const standalone = { ...newest, kind: 'standalone' } as const;
  expect(found(standalone, 'source')).toEqual(['warning mongodb-standalone source']);
  expect(found(standalone, 'destination')).toEqual(['error mongodb-standalone destination']);
});

/** A control store on a server that says this of itself. */
const storeOn = (hello: object) =>
  mustBeFit(async (command) => ('hello' in command ? hello : { version: '4.4.29' }), endpoint.address);

test('a control store can be on a replica set from MongoDB 5.0 on, and on nothing else', async () => {
  const set = { maxWireVersion: 13, setName: 'rs' };
  await expect(storeOn(set)).resolves.toBeUndefined();
  await expect(storeOn({ ...set, maxWireVersion: 9 })).rejects.toMatchObject({
    code: 'server-too-old',
    message: 'one:27017/shop runs MongoDB 4.4.29; at least MongoDB 5.0 is needed',
  });
  await expect(storeOn({ maxWireVersion: 25, msg: 'isdbgrid' })).rejects.toMatchObject({
    code: 'mongodb-sharded',
  });
  await expect(storeOn({ maxWireVersion: 25 })).rejects.toMatchObject({ code: 'mongodb-standalone' });
});
