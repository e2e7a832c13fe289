import { describe, expect, test } from 'vitest';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const tables = `
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE DOMAIN feeling AS mood;
CREATE TABLE items (id int PRIMARY KEY, mood mood, moods mood[], feeling feeling);
CREATE TABLE others (id int PRIMARY KEY, name text)`;
const fill = `INSERT INTO items SELECT n, 'fine', '{sad,fine}', 'sad' FROM generate_series(1, 30) n; INSERT INTO others VALUES (1, 'one')`;
const both = { collections: ['items', 'others'] };
const grow = `ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad'; ALTER TYPE mood ADD VALUE 'content' AFTER 'sad'`;
const use = `UPDATE items SET mood = 'angry' WHERE id = 1; UPDATE items SET moods = '{content}' WHERE id = 2; UPDATE items SET feeling = 'content' WHERE id = 3; UPDATE items SET mood = 'sad' WHERE id = 4`;
const labels = ['angry', 'sad', 'content', 'fine'];

async function opened(capture: Capture): Promise<LiveTrial> {
  const trial = await openLiveTrial({ capture });
  await trial.both(tables);
  await trial.source.query(fill);
  return trial;
}

const stopOf = (running: LiveRun) =>
  running.log.all('collection.status').findLast(({ status }) => status === 'stopped');

const statementsOf = (running: LiveRun): string =>
  /statements: (.*)\. Then: lockstep resync/s.exec(stopOf(running)?.nextStep ?? '')?.[1] ?? '';

const notices = (running: LiveRun, word: string): number =>
  running.log.all('notice').filter(({ message }) => message.includes(word)).length;

const ignored = 'the enum of column mood got a value';

async function labelsAt({ target }: LiveTrial): Promise<readonly unknown[]> {
  const rows = await target.query(`SELECT unnest(enum_range(NULL::mood))::text AS label`);
  return rows.map(({ label }) => label);
}

async function flows({ source, target }: LiveTrial, running: LiveRun): Promise<void> {
  await source.query(`INSERT INTO others SELECT max(id) + 1, 'more' FROM others`);
  await running.inStep('others');
  expect(await rowsIn(target, 'items')).toBe(30);
}

describe.each(captures)('with %s, an enum that gets values', { timeout: 60_000 }, (capture) => {
  test('gets them at the target with `follow`, in their places, and no letter stays', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, drift: { enumValueAdded: 'follow' } });
    await trial.source.query(grow);
    await trial.source.query(use);
    await running.inStep('items', 'others');
    await running.until('no letter', async () => (await running.letters()).length === 0);
    expect(await labelsAt(trial)).toEqual(labels);
    expect(stopOf(running)).toBeUndefined();
    await running.live();
    expect(await trial.expectSame('items')).toBe(30);
  });

  test('gets them with `follow` although nobody ran when they came', async () => {
    await using trial = await opened(capture);
    const settings = { ...both, drift: { enumValueAdded: 'follow' } } as const;
    await using running = await trial.start(settings);
    await running.stop();
    await trial.source.query(grow);
    await trial.source.query(use);
    await using restarted = await trial.begin(settings);
    await restarted.inStep('items', 'others');
    expect(await labelsAt(trial)).toEqual(labels);
    await restarted.until('no letter', async () => (await restarted.letters()).length === 0);
  });

  test('stops its collection with `pause`, with the exact statements, also when nobody ran', async () => {
    await using trial = await opened(capture);
    const settings = { ...both, drift: { enumValueAdded: 'pause' } } as const;
    await using running = await trial.start(settings);
    await trial.source.query(grow);
    await running.until('it stopped', () => stopOf(running) !== undefined);
    await trial.source.query(use);
    await flows(trial, running);
    expect(running.status.status).toBe('degraded');
    const statements = statementsOf(running);
    await running.stop();
    await using restarted = await trial.begin(settings);
    await flows(trial, restarted);
    expect(restarted.status.status).toBe('degraded');
    await trial.target.query(statements);
    expect(await labelsAt(trial)).toEqual(labels);
    expect(await restarted.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await restarted.inStep('items', 'others');
    await restarted.live();
    await restarted.stop();
    await trial.source.query(`ALTER TYPE mood ADD VALUE 'late'`);
    await using late = await trial.begin(settings);
    await flows(trial, late);
    expect(stopOf(late)?.collection).toBe('public.items');
    expect(stopOf(late)?.nextStep).toContain(`ADD VALUE IF NOT EXISTS 'late' AFTER 'fine'`);
  });

  test('is told with `ignore`, the default: rows that have them get letters, all others flow, also after a restart', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start(both);
    await trial.source.query(grow);
    await trial.source.query(use);
    await running.until('letters', async () => (await running.letters()).length === 3);
    await running.until('it is told', () => notices(running, ignored) > 0);
    await running.until(
      'others flow',
      async () => (await rowsIn(trial.target, `items WHERE mood = 'sad'`)) === 1,
    );
    await running.until('status shows it', async () =>
      JSON.stringify(await running.engine.status('it')).includes(ignored),
    );
    const [checked] = await running.engine.check('it');
    expect(checked?.ok).toBe(true);
    const labelFindings = checked?.findings.filter(({ code }) => code === 'postgres-enum-labels');
    expect(labelFindings).toMatchObject([{ level: 'warning' }, { level: 'warning' }, { level: 'warning' }]);
    await running.stop();
    await using restarted = await trial.start(both);
    await restarted.until('it is told again', () => notices(restarted, ignored) > 0);
    await trial.source.query(`UPDATE items SET mood = 'sad' WHERE id > 25`);
    await restarted.until(
      'it flows',
      async () => (await rowsIn(trial.target, `items WHERE mood = 'sad'`)) === 6,
    );
    expect(await restarted.letters()).toHaveLength(3);
    await trial.target.query(grow);
    await restarted.engine.replay('it');
    await restarted.inStep('items');
    expect(await restarted.letters()).toEqual([]);
    expect(stopOf(restarted)).toBeUndefined();
  });

  test('stops its collection alone where the key has it and nothing adds it, also when nobody ran', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(
      `CREATE TYPE mood AS ENUM ('sad', 'fine'); CREATE TABLE items (mood mood PRIMARY KEY, name text); CREATE TABLE others (id int PRIMARY KEY, name text)`,
    );
    await trial.source.query(`INSERT INTO items VALUES ('sad', 's'); INSERT INTO others VALUES (1, 'one')`);
    const othersFlow = async (running: LiveRun): Promise<void> => {
      await trial.source.query(`INSERT INTO others SELECT max(id) + 1, 'more' FROM others`);
      await running.inStep('others');
    };
    await using running = await trial.start(both);
    await trial.source.query(`ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad'`);
    await running.until('it stopped', () => stopOf(running) !== undefined);
    expect(stopOf(running)?.reason).toContain('the key needs mood');
    await othersFlow(running);
    await trial.target.query(statementsOf(running));
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.live();
    await running.stop();
    await trial.source.query(`ALTER TYPE mood ADD VALUE 'late'`);
    await trial.source.query(`INSERT INTO items VALUES ('late', 'l')`);
    await using late = await trial.begin(both);
    await othersFlow(late);
    await late.until('it is degraded', () => late.status.status === 'degraded');
    expect(stopOf(late)?.collection).toBe('public.items');
    await late.stop();
    await using following = await trial.begin({ ...both, drift: { enumValueAdded: 'follow' } });
    await following.inStep('items', 'others');
    await following.live();
    expect(await labelsAt(trial)).toEqual(['angry', 'sad', 'fine', 'late']);
  });

  test.each(['mood', 'text'])('is walked where a value is renamed, into %s', async (type) => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(`CREATE TYPE mood AS ENUM ('sad', 'fine'); CREATE TABLE others (id int PRIMARY KEY)`);
    await trial.source.query('CREATE TABLE items (id int PRIMARY KEY, mood mood)');
    await trial.target.query(`CREATE TABLE items (id int PRIMARY KEY, mood ${type})`);
    await trial.source.query(`INSERT INTO items VALUES (1, 'fine')`);
    await using running = await trial.start({ ...both, drift: { enumValueAdded: 'follow' } });
    await trial.source.query(`ALTER TYPE mood RENAME VALUE 'fine' TO 'ok'`);
    await running.inStep('items');
    expect(stopOf(running)).toBeUndefined();
    expect(await running.letters()).toEqual([]);
  });

  test('does not concern a target of text', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(`CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE others (id int PRIMARY KEY)`);
    await trial.source.query('CREATE TABLE items (id int PRIMARY KEY, mood mood)');
    await trial.target.query('CREATE TABLE items (id int PRIMARY KEY, mood text)');
    await using running = await trial.start({ ...both, drift: { enumValueAdded: 'pause' } });
    await trial.source.query(`ALTER TYPE mood ADD VALUE 'fine'`);
    await trial.source.query(`INSERT INTO items VALUES (1, 'fine')`);
    await running.inStep('items');
    // Both captures look at the catalogue more than once in that time.
    await trial.source.query('ALTER TABLE others ADD seen int');
    await running.until('they looked', () => stopOf(running) !== undefined);
    expect(stopOf(running)?.collection).toBe('public.others');
    expect(await running.letters()).toEqual([]);
  });
});
