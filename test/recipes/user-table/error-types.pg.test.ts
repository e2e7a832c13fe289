import { describe, expect, test } from 'vitest';
import { EventBus } from '../../../src/engine/event-bus.ts';
import { openDatabase } from '../../../src/index.ts';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { recordEvents } from '../../../src/recipes/user-table/errors/record-events.ts';
import { SyncErrors } from '../../../src/recipes/user-table/errors/sync-errors.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

const pipeline = 'users';
const key = `["${idOf(1)}"]`;

const open = async (town: Town): Promise<readonly string[]> =>
  (await town.errors())
    .filter(({ resolved }) => !resolved)
    .map(({ error_type }) => error_type)
    .toSorted();

/** The catalogue forgets a word that a user has: whoever reads that row is refused, and nothing tells so before. */
async function spoilRole({ source }: Town, id: string): Promise<void> {
  await source.query(`ALTER TYPE user_role ADD VALUE 'moderator'`);
  await source.query(`UPDATE users SET role = 'moderator' WHERE id = '${id}'`);
  await source.query(`DELETE FROM pg_enum WHERE enumlabel = 'moderator'`);
}

/** Throws, or rejects without anybody who listens, when the process gets SIGUSR2. */
const planted = (defect: string): string =>
  `--import=${encodeURI(`data:text/javascript,process.on('SIGUSR2', () => { ${defect} });`)}`;

describe('error types', { timeout: 90_000 }, () => {
  test('UT-48 UT-52 each trouble of the engine is a row of its type, and is resolved by what ends it', async () => {
    await using town = await openTown();
    await using chat = openDatabase({ url: town.chat.url });
    const errors = new SyncErrors({
      chat,
      directory: town.directory,
      retentionDays: 30,
      log: () => undefined,
    });
    const events = new EventBus((error) => {
      throw error;
    });
    using _recording = recordEvents({ events }, errors, 3);
    const retry = (what: string, attempt = 3) =>
      events.emit('retry', {
        pipeline,
        what,
        code: 'connection-lost',
        message: 'gone',
        attempt,
        delayMs: 1,
      });
    const letter = {
      pipeline,
      collection: 'public.users',
      key,
      code: 'value-not-encodable',
      message: 'no',
    } as const;
    events.emit('dead-letter.put', letter);
    retry('the pipeline');
    retry('something of a pass');
    await errors.flush();
    expect(await open(town)).toEqual([
      'BULK_SYNC_USER_FAILED',
      'COMPLETE_SYNC_FAILED',
      'REALTIME_SYNC_START_FAILED',
    ]);
    events.emit('status', { pipeline, status: 'live', reason: '', nextStep: '' });
    events.emit('dead-letter.put', letter);
    retry('write the destination', 2);
    await errors.flush();
    expect(await open(town)).not.toContain('POOL_ERROR');
    // A walk is told of once its steps have had their attempts, and never as another than the first.
    for (const what of ['read changes', 'walk public.users']) retry(what, 1);
    retry('write the destination');
    const gap = { shard: 'main', from: 'a', to: 'b', reason: 'the log was full' };
    events.emit('gap', { pipeline, gap, collections: null });
    events.emit('guard.raised', { pipeline, collection: 'public.users', leaving: 9, total: 10, samples: [] });
    events.emit('alternative.taken', { pipeline, collection: 'public.users', key });
    await errors.flush();
    expect(await open(town)).toEqual([
      'BULK_SYNC_USER_FAILED',
      'DELETE_USER_FAILED',
      'POOL_ERROR',
      'REALTIME_NOTIFICATION_FAILED',
      'REALTIME_SYNC_CONNECTION_ERROR',
      'SCHEDULED_SYNC_FAILED',
      'SYNC_USER_FAILED',
      'UPSERT_USER_FAILED',
    ]);
    events.emit('dead-letter.resolved', { pipeline, collection: 'public.users', count: 1, keys: [key] });
    events.emit('guard.cleared', { pipeline, collection: 'public.users' });
    events.emit('alternative.released', { pipeline, collection: 'public.users', key });
    events.emit('feed.connected', { pipeline, shard: 'main' });
    const comparison = { pipeline, seconds: 0, drifted: 0 };
    events.emit('comparison.finished', { ...comparison, isWhole: false });
    await errors.flush();
    expect(await open(town)).toEqual(['POOL_ERROR', 'REALTIME_NOTIFICATION_FAILED', 'SCHEDULED_SYNC_FAILED']);
    events.emit('healed', {
      pipeline,
      collections: ['public.users'],
      written: 0,
      seconds: 0,
      streamPassed: true,
    });
    events.emit('comparison.finished', { ...comparison, isWhole: true });
    await errors.flush();
    expect(await open(town)).toEqual([]);
  });

  test('UT-48 what another process left open while this one stood by is closed by the first success here', async () => {
    await using town = await openTown();
    await using chat = openDatabase({ url: town.chat.url });
    const errors = new SyncErrors({
      chat,
      directory: town.directory,
      retentionDays: 30,
      log: () => undefined,
    });
    const events = new EventBus((error) => {
      throw error;
    });
    using _recording = recordEvents({ events }, errors, 3);
    const status = (name: 'live' | 'standby') =>
      events.emit('status', { pipeline, status: name, reason: '', nextStep: '' });
    const succeed = () => {
      status('live');
      events.emit('feed.connected', { pipeline, shard: 'main' });
      events.emit('healed', {
        pipeline,
        collections: ['public.users'],
        written: 0,
        seconds: 0,
        streamPassed: true,
      });
      events.emit('comparison.finished', { pipeline, seconds: 0, drifted: 0, isWhole: true });
    };
    succeed();
    await errors.flush();
    status('standby');
    const types = ['SCHEDULED_SYNC_FAILED', 'POOL_ERROR', 'UNCAUGHT_EXCEPTION'];
    await town.chat.query(
      `INSERT INTO sync_errors (error_type, error_message) SELECT type, 'of who died' FROM unnest($1::text[]) AS type`,
      [types],
    );
    await errors.flush();
    expect(await open(town)).toEqual(types.toSorted());
    succeed();
    await errors.flush();
    expect(await open(town)).toEqual([]);
  });

  test('UT-48 commands that fail leave rows of their types', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 5));
    await town.source.query('ALTER TABLE users RENAME TO elsewhere');
    for (const command of ['bulk', 'sync-all', 'verify', 'setup'])
      expect((await town.command([command])).answer, command).toMatchObject({ ok: false });
    expect(await open(town)).toEqual([
      'BULK_SYNC_FAILED',
      'COMPLETE_SYNC_FAILED',
      'SETUP_FAILED',
      'VERIFICATION_FAILED',
    ]);
    await town.source.query('ALTER TABLE elsewhere RENAME TO users');
    for (const command of ['bulk', 'sync-all', 'verify'])
      expect((await town.command([command])).answer, command).toMatchObject({ ok: true });
    await using _service = await town.start('setup');
    expect(await open(town)).toEqual([]);
  });

  test('UT-48 UT-59 users that can’t be compared are told by verify and sync-all with the reason, its cure and its exit', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 5));
    expect((await town.command(['sync-all'])).answer).toMatchObject({ ok: true });
    await spoilRole(town, idOf(3));
    for (const command of ['verify', 'sync-all']) {
      const { code, answer } = await town.command([command]);
      expect({ command, code, answer }).toMatchObject({
        command,
        code: 2,
        answer: { ok: false, error: { code: 'value-refused', message: expect.stringContaining('22P03') } },
      });
    }
    expect(await open(town)).toEqual(expect.arrayContaining(['COMPLETE_SYNC_FAILED', 'VERIFICATION_FAILED']));
  });

  test.each([
    ['UNCAUGHT_EXCEPTION', `throw new Error('planted')`],
    ['UNHANDLED_REJECTION', `Promise.reject(new Error('planted'))`],
  ])(
    'UT-48 a defect of ours ends the process, is a row %s when it is started again, and is over then',
    async (type, defect) => {
      await using town = await openTown();
      await town.source.query(people(1, 5));
      {
        await using service = await town.start('setup', { NODE_OPTIONS: planted(defect) });
        const { code } = await service.stop('SIGUSR2');
        expect(code).not.toBe(0);
      }
      await using _service = await town.start();
      await eventually('it is a row', async () =>
        (await town.errors()).some(
          ({ error_type, error_message, resolved }) =>
            error_type === type && error_message === 'planted' && resolved,
        ),
      );
    },
  );
});
