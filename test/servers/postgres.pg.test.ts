import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { startPostgres } from '../../tools/servers/postgres.ts';
import { startChild } from '../support/child.ts';

async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe.each([17, 18] as const)('a server of PostgreSQL %i', (version) => {
  test('keeps its data and port over stop, start, kill and restart, and leaves nothing behind', async () => {
    let folder: string;
    {
      await using server = await startPostgres({ version, settings: { work_mem: '5MB' } });
      folder = dirname(server.dataDirectory);
      const url = server.url(await server.createDatabase());
      await ask(url, 'CREATE TABLE t AS SELECT 1 AS id');
      await server.stop();
      expect(server.pid).toBeUndefined();
      await expect(ask(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
      await server.start();
      await ask(url, 'INSERT INTO t VALUES (2)');
      await server.kill();
      await server.start();
      await server.restart({ settings: { maintenance_work_mem: '6MB' } });
      expect(await ask(url, 'SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
      const settings = `SELECT setting FROM pg_settings WHERE name IN ('work_mem', 'maintenance_work_mem', 'fsync') ORDER BY name`;
      expect(await ask(url, settings)).toEqual([
        { setting: 'off' },
        { setting: '6144' },
        { setting: '5120' },
      ]);
      await server.kill();
    }
    await expect(access(folder)).rejects.toThrow(/ENOENT/);
  });

  test('that is durable writes through', async () => {
    await using server = await startPostgres({ version, durable: true });
    expect(await ask(server.superuserUrl, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  });
});

test('several servers start at the same time', async () => {
  const servers = await Promise.all(
    [17, 18, 18].map((version) => startPostgres({ version: version as 17 | 18 })),
  );
  try {
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  }
});

test('a setting that PostgreSQL refuses is told with its log, and nothing stays', async () => {
  const starting = startPostgres({ version: 18, settings: { wal_level: 'nonsense' } });
  await expect(starting).rejects.toThrow(
    /did not start[\s\S]*invalid value for parameter "wal_level": "nonsense"/,
  );
});

test('when our process is killed, its server ends and its data goes', async () => {
  await using child = startChild({ file: fileURLToPath(new URL('./start-and-hang.ts', import.meta.url)) });
  const { pid, dataDirectory } = JSON.parse(await child.waitForLine('dataDirectory')) as {
    pid: number;
    dataDirectory: string;
  };
  await access(dataDirectory);
  expect(pid).toBeGreaterThan(0);
  await child.kill();
  await vi.waitFor(() => expect(access(dirname(dataDirectory))).rejects.toThrow(/ENOENT/), {
    timeout: 10_000,
    interval: 50,
  });
});
