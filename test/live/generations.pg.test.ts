import { describe, expect, test } from 'vitest';
import { tableDigest } from '../support/export.ts';
import { watchAnswers } from '../walk/watch-answers.ts';
import { captures, type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const shape = `CREATE TABLE parents (id int PRIMARY KEY, name text UNIQUE, life text NOT NULL);
  CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents, life text NOT NULL)`;
const tables = ['parents', 'children'] as const;
const collections = { parents: { scope: 'all' }, children: { scope: 'all' } } as const;

/** A target that readers use, filled by somebody else: names stand elsewhere, some rows are too many, some are missing. */
async function fromAnEarlierLife({ both, source, target }: LiveTrial): Promise<void> {
  await both(shape);
  const fill = (life: string, from: number, to: number): string => `
    INSERT INTO parents SELECT n, 'p' || (n + ${from}) % 500, '${life}' FROM generate_series(${from}, ${to}) AS n;
    INSERT INTO children SELECT n, ${from} + (n - 1) % 500, '${life}' FROM generate_series(${from}, ${to * 3}) AS n`;
  await source.query(fill('new', 20, 519));
  await target.query(fill('old', 1, 500));
}

const stateOf = ({ target }: LiveTrial): Promise<readonly unknown[]> =>
  Promise.all(tables.map((table) => tableDigest({ url: target.url, table })));

const positions = async ({ target }: LiveTrial): Promise<number> =>
  rowsIn(target, 'lockstep.state WHERE position IS NOT NULL');

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test('readers of a target that has rows see what was, then one moment of the source (rule 7)', async () => {
    await using trial = await openLiveTrial({ capture });
    await fromAnEarlierLife(trial);
    const reader = await watchAnswers(
      trial.target,
      `SELECT string_agg(DISTINCT life, ' and ' ORDER BY life) AS said
       FROM (SELECT life FROM parents UNION ALL SELECT life FROM children) AS both_tables`,
    );
    await using running = await trial.begin({ collections, rowsPerPartition: 100 });
    await running.live();
    await running.inStep(...tables);
    await trial.source.query(`UPDATE children SET life = 'newest'; UPDATE parents SET life = 'newest'`);
    await running.until(
      'changes flow',
      async () => (await rowsIn(trial.target, `children WHERE life = 'newest'`)) > 0,
    );
    await reader.stop();
    expect(reader.seen.slice(0, 2)).toEqual(['old', 'new']);
    await running.inStep(...tables);
    await trial.expectSame(...tables);
  });

  test('more would leave than may: that waits alone, and all else comes in', async () => {
    await using trial = await openLiveTrial({ capture });
    await fromAnEarlierLife(trial);
    await trial.target.query(
      `INSERT INTO children SELECT n, 1 + n % 500, 'theirs' FROM generate_series(10001, 14000) AS n`,
    );
    await trial.source.query(
      `INSERT INTO parents SELECT n, 'q' || n, 'new' FROM generate_series(1, 19) AS n`,
    );
    await using running = await trial.start({ collections });
    expect(await rowsIn(trial.target, `children WHERE life = 'new'`)).toBe(
      await rowsIn(trial.source, 'children'),
    );
    expect(await rowsIn(trial.target, `children WHERE life = 'theirs'`)).toBe(4000);
    const [status] = await running.engine.status('it');
    expect(status?.guards).toMatchObject([{ collection: 'public.children', state: 'waiting' }]);
    await running.engine.approve('it');
    await running.inStep(...tables);
  });

  test('taken back before its stream wrote: rows and position go back, and the copy is made again when somebody says so', async () => {
    await using trial = await openLiveTrial({ capture });
    await fromAnEarlierLife(trial);
    const before = await stateOf(trial);
    {
      await using running = await trial.start({ collections });
      await running.stop();
    }
    expect(await positions(trial)).toBe(1);
    {
      await using running = await trial.begin({ collections });
      await running.live();
      await running.stop();
      const { generations } = await running.engine.generations('it');
      expect(generations).toMatchObject([{ id: 1, state: 'promoted', canRollBack: true }]);
      expect(Object.keys(generations[0]?.positions ?? {})).toHaveLength(1);
      expect(await running.engine.rollBackGeneration('it')).toMatchObject({ paused: true });
    }
    expect(await stateOf(trial)).toEqual(before);
    expect(await positions(trial)).toBe(0);
    await using running = await trial.begin({ collections });
    await running.until('it waits', () => running.status.status === 'paused');
    expect(await stateOf(trial)).toEqual(before);
    await expect(running.engine.resume('it')).rejects.toMatchObject({ code: 'resume-redoes' });
    await running.engine.resume('it', { yes: true });
    await running.live();
    await running.inStep(...tables);
    await trial.expectSame(...tables);
    expect(running.log.all('healed')).toEqual([]);
    const { generations } = await running.engine.generations('it');
    expect(generations[0]).toMatchObject({ id: 2, state: 'promoted' });
  });

  test('paused for a rollback it can be stopped', async () => {
    await using trial = await openLiveTrial({ capture });
    await fromAnEarlierLife(trial);
    {
      await using running = await trial.start({ collections });
      await running.stop();
      await running.engine.rollBackGeneration('it');
    }
    await using running = await trial.begin({ collections });
    await running.until('it waits', () => running.status.status === 'paused');
    await running.stop();
    expect(running.status.status).toBe('stopped');
  });

  test('once the stream has written, nothing is kept, and taking back is refused', async () => {
    await using trial = await openLiveTrial({ capture });
    await fromAnEarlierLife(trial);
    await using running = await trial.start({ collections });
    await trial.source.query(`UPDATE children SET life = 'newest' WHERE id = 50`);
    await running.inStep(...tables);
    await running.stop();
    const { generations } = await running.engine.generations('it');
    expect(generations).toMatchObject([{ id: 1, state: 'discarded', canRollBack: false }]);
    expect(await rowsIn(trial.target, `pg_class WHERE relname LIKE 'generation\\_%' AND relkind = 'r'`)).toBe(
      0,
    );
    const refused = { code: 'generation-missing' };
    await expect(running.engine.rollBackGeneration('it')).rejects.toMatchObject(refused);
    await expect(running.engine.rollBackGeneration('it', { generation: 1 })).rejects.toMatchObject({
      code: 'generation-unfit',
    });
  });

  test('a target that was empty is copied directly: nobody reads it', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(shape);
    await trial.source.query(`INSERT INTO parents VALUES (1, 'one', 'new')`);
    await using running = await trial.start({ collections });
    await running.inStep(...tables);
    expect((await running.engine.generations('it')).generations).toEqual([]);
  });
});
