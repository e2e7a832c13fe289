import { describe, expect, test } from 'vitest';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';

const tables = `
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE TABLE items (id int PRIMARY KEY, size int, code text, mood mood);
CREATE TABLE others (id int PRIMARY KEY, name text)`;
const fill = `INSERT INTO items VALUES (1, 1, '1', 'fine')`;
const settings = {
  collections: ['items', 'others'],
  drift: { columnDropped: 'follow', typeChanged: 'follow', enumValueAdded: 'follow' },
} as const;

async function opened(capture: Capture): Promise<LiveTrial> {
  const trial = await openLiveTrial({ capture });
  await trial.both(tables);
  await trial.source.query(fill);
  return trial;
}

const stopOf = (running: LiveRun) =>
  running.log.all('collection.status').findLast(({ status }) => status === 'stopped');

async function onlyItemsStopped(trial: LiveTrial, running: LiveRun): Promise<void> {
  await running.until('it stopped', () => stopOf(running) !== undefined);
  expect(stopOf(running)).toMatchObject({ collection: 'public.items' });
  await trial.source.query('INSERT INTO others SELECT count(*) FROM others');
  await running.inStep('others');
  await running.until('it is told', () => running.status.status === 'degraded');
}

describe.each(captures)('with %s, a target that can’t follow', { timeout: 60_000 }, (capture) => {
  test.each([
    ['a cast that is not implicit', 'SELECT 1', 'ALTER TABLE items ALTER code TYPE int USING code::int'],
    [
      'a view on a column of another type',
      'CREATE VIEW v AS SELECT size FROM items',
      'ALTER TABLE items ALTER size TYPE bigint',
    ],
    ['a view on a dropped column', 'CREATE VIEW v AS SELECT size FROM items', 'ALTER TABLE items DROP size'],
  ])('stops its collection only: %s', async (_, atTarget, ddl) => {
    await using trial = await opened(capture);
    await using running = await trial.start(settings);
    await trial.target.query(atTarget);
    await trial.source.query(ddl);
    await onlyItemsStopped(trial, running);
    expect(stopOf(running)?.reason).toContain('it can’t follow');
    expect(stopOf(running)?.nextStep).toContain('ALTER TABLE');
  });

  test('since its enum is somebody else’s stops its collection only, also at each start, until somebody mends it', async () => {
    await using trial = await opened(capture);
    const role = await trial.target.createRole();
    await trial.target.query(
      `DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${role}', current_database()); END $$;
       ALTER TABLE items OWNER TO ${role}; ALTER TABLE others OWNER TO ${role}`,
    );
    const ways = { target: trial.target.urlFor({ user: role }) };
    {
      await using running = await trial.start(settings, ways);
      await trial.source.query(`ALTER TYPE mood ADD VALUE 'angry'`);
      await onlyItemsStopped(trial, running);
      await running.stop();
    }
    await using restarted = await trial.begin(settings, ways);
    await onlyItemsStopped(trial, restarted);
    const statements = /statements: (.*)\. Then: lockstep resync/s.exec(
      stopOf(restarted)?.nextStep ?? '',
    )?.[1];
    expect(statements).toContain(`ADD VALUE IF NOT EXISTS 'angry'`);
    await trial.target.query(statements ?? '');
    await trial.source.query(`UPDATE items SET mood = 'angry'`);
    await restarted.engine.resync('it', { collections: ['public.items'] });
    await restarted.inStep('items', 'others');
    await restarted.live();
  });
});
