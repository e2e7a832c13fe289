import { expect, test } from 'vitest';
import { mongodBinary, mongodVersion } from '../../../tools/servers/mongo/binary.ts';
import { ServerDesk } from './server-desk.ts';

test('a file that needs a newer mongod than there is here is named as not run, with what would let it', async () => {
  await using desk = new ServerDesk();
  const url = await desk.open();
  const here = await mongodVersion(await mongodBinary());
  await fetch(`${url}/can-have/mongo8?file=a.mongo8.test.ts`);
  const attempts = ['MongoDB 8.0 or newer:', `mongod is ${here} here; LOCKSTEP_TEST_MONGOD names another`];
  expect([...desk.notRun.values()]).toEqual(Number.parseInt(here, 10) >= 8 ? [] : [attempts]);
});
