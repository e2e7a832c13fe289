import { afterEach, expect, test, vi } from 'vitest';
import { mongodBinary } from '../../../tools/servers/mongo/binary.ts';

afterEach(() => vi.unstubAllEnvs());

test('a mongod that is named and does not run is not replaced by another', async () => {
  vi.stubEnv('LOCKSTEP_TEST_MONGOD', '/nowhere/mongod');
  await expect(mongodBinary()).rejects.toMatchObject({
    name: 'ServerUnavailable',
    attempts: [expect.stringContaining('/nowhere/mongod')],
  });
});
