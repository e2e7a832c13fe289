import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { findPeers } from '../../tools/servers/peers.ts';

test('client programs are found on PATH, and the others named as missing', async () => {
  await using empty = await mkdtempDisposable(join(tmpdir(), 'lockstep-peers-'));
  await using folder = await mkdtempDisposable(join(tmpdir(), 'lockstep-peers-'));
  for (const name of ['psql', 'pg_dump']) await writeFile(join(folder.path, name), '');
  await chmod(join(folder.path, 'psql'), 0o755); // pg_dump can't be run
  const peers = await findPeers([empty.path, folder.path].join(delimiter));
  expect(peers.found).toEqual({ psql: join(folder.path, 'psql') });
  expect(peers.missing).toEqual(['pg_dump', 'pg_restore', 'pgbench']);
});
