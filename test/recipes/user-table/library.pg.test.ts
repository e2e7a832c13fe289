import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

type Library = typeof import('../../../src/recipes/user-table/library.ts');

const root = new URL('../../../', import.meta.url);

/** What a program gets that imports `lockstep/recipes/user-table`, before it is built. */
async function importAsPackaged(): Promise<Library> {
  const { exports }: { readonly exports: Readonly<Record<string, { readonly default: string }>> } =
    JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const built = exports['./recipes/user-table']?.default ?? '';
  const source = built.replace(/^\.\/dist\//, './src/').replace(/\.js$/, '.ts');
  return (await import(new URL(source, root).href)) as Library;
}

test('UT-19 a program that imports the recipe runs the service and reads getSyncStats()', {
  timeout: 90_000,
}, async () => {
  const { openUserTableSync, UserTableSyncService } = await importAsPackaged();
  await using town = await openTown();
  await town.source.query(people(1, 20));
  const logged: string[] = [];
  await using service = openUserTableSync({
    variables: town.env,
    directory: town.directory,
    log: (_level, message) => void logged.push(message),
  });
  expect(service).toBeInstanceOf(UserTableSyncService);
  expect(service.getSyncStats()).toMatchObject({
    totalSynced: 0,
    lastSyncTime: null,
    isRealTimeActive: false,
  });
  const stop = new AbortController();
  const running = service.run({ kind: 'live' }, { signal: stop.signal });
  await eventually('all is well', () => service.getSyncStats().healthStatus.status === 'HEALTHY');
  await town.source.query(`UPDATE users SET first_name = 'New' WHERE id = '${idOf(7)}'`);
  await eventually('real time', async () => (await town.chatUser(idOf(7)))?.name === 'New Last7');
  await eventually('a pass', () => logged.includes('Scheduled sync completed'));
  expect(service.getSyncStats()).toEqual({
    totalSynced: 21,
    lastSyncTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    lastSyncDuration: expect.any(Number),
    errors: 0,
    consecutiveFailures: 0,
    isRealTimeActive: true,
    isSyncInProgress: expect.any(Boolean),
    healthStatus: {
      status: 'HEALTHY',
      checks: {
        realtimeSyncActive: true,
        scheduledSyncActive: true,
        recentSyncSuccess: true,
        lowErrorRate: true,
      },
      recommendations: ['All systems operational'],
    },
  });
  stop.abort();
  expect(await running).toMatchObject({ ended: 'drained', failure: null });
  expect(logged).toContain('Final statistics');
});

test('UT-2 UT-19 what is wrong with its variables is thrown, all at once', async () => {
  const { openUserTableSync } = await importAsPackaged();
  expect(() => openUserTableSync({ variables: { HTTP_PORT: 'x' } })).toThrow(
    /SOURCE_DB_HOST[\s\S]*HTTP_PORT/,
  );
});
