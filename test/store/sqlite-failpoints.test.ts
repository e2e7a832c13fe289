import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { StoreDirectory } from './sqlite-fixture.ts';

test.each([
  ['store.save.before', 2],
  ['store.save.after', 3],
])('dying at %s of the third save leaves save %i as the last', async (point, last) => {
  using directory = new StoreDirectory();
  const program = join(import.meta.dirname, 'store-program.ts');
  const env = { ...process.env, LOCKSTEP_FAILPOINT: `${point}:3` };
  const { signal, stdout } = spawnSync(process.execPath, [program, 'save', directory.file], {
    env,
    encoding: 'utf8',
  });
  expect(signal).toBe('SIGKILL');
  expect(stdout).toBe('1\n2\n');
  await using store = await openSqliteStore({ path: directory.file });
  expect(await store.checkpoints.get('shop', 'pass', 'right')).toBe(last);
});
