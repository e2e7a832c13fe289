import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LivePair, openLivePair } from './live-pair.ts';

const settings = { collections: ['users'], guard: { maxLeavingShare: 1 } };

async function filled(capture: 'logical' | 'triggers'): Promise<LivePair> {
  const pair = await openLivePair({ capture });
  await pair.both('CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)');
  await pair.source.query(`INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 500) n`);
  return pair;
}

/** Runs it until it is in step, and ends it. */
async function once(pair: LivePair): Promise<void> {
  await using running = await pair.start(settings);
  await running.inStep();
  await running.stop();
}

/** Changes of every kind, told to nobody who follows later. */
const unseen = `UPDATE users SET name = 'unseen' WHERE id <= 100; DELETE FROM users WHERE id BETWEEN 101 AND 150; INSERT INTO users SELECT n, 'new' FROM generate_series(1001, 1050) n`;

describe.each(['logical', 'triggers'] as const)('gaps, with %s (rule 5, L4)', (capture) => {
  test('a truncate is walked, and what is inserted around it stays', async () => {
    await using pair = await filled(capture);
    await using running = await pair.start({ ...settings, guard: { fromRows: 100_000, maxLeavingShare: 1 } });
    await pair.source.query(`INSERT INTO users VALUES (2000, 'before')`);
    await pair.source.query(`BEGIN; TRUNCATE users; INSERT INTO users VALUES (1, 'inside'); COMMIT`);
    await pair.source.query(`INSERT INTO users VALUES (2, 'after')`);
    await running.until(
      'the guard holds what the truncate took',
      () => (running.told['guard.raised']?.length ?? 0) > 0 || (running.told.healed?.length ?? 0) > 0,
    );
    if ((running.told['guard.raised']?.length ?? 0) > 0) await running.engine.approve('it');
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(2);
  });

  test('a destination that was emptied is filled again', async () => {
    await using pair = await filled(capture);
    await once(pair);
    await pair.target.query('DELETE FROM users; DROP SCHEMA lockstep CASCADE');
    await pair.source.query(unseen);
    await using running = await pair.start(settings);
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(500);
  });

  test('a destination that was restored from an older copy is brought forward', async () => {
    await using pair = await filled(capture);
    await once(pair);
    await pair.target.query(
      'CREATE SCHEMA copy; CREATE TABLE copy.users AS TABLE users; CREATE TABLE copy.state AS TABLE lockstep.state',
    );
    await pair.source.query(unseen);
    await once(pair);
    await pair.target.query(`
      TRUNCATE users; INSERT INTO users TABLE copy.users;
      UPDATE lockstep.state s SET position = c.position FROM copy.state c WHERE (c.pipeline, c.shard, c.lane) = (s.pipeline, s.shard, s.lane);
      DROP SCHEMA copy CASCADE`);
    await using running = await pair.start(settings);
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(500);
  });

  test('a control store that was deleted is no loss', async () => {
    await using pair = await filled(capture);
    await once(pair);
    await rm(join(pair.directory, '.lockstep'), { recursive: true });
    await pair.source.query(unseen);
    await using running = await pair.start(settings);
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(500);
  });

  test('a source that was restored from an older copy is noticed by its word', async () => {
    await using pair = await filled(capture);
    {
      await using running = await pair.start(settings);
      await running.inStep();
      await running.until('a word at the source', async () => (await words(pair)) > 0);
      await running.stop();
    }
    // What an older copy of the source holds: rows of that time, and another word. Nobody logs what a restore changes.
    await pair.source.query(`
      SET session_replication_role = replica;
      ALTER TABLE users DISABLE TRIGGER ALL;
      UPDATE lockstep.source_words SET word = 'of an older copy'`);
    await using running = await pair.begin(settings);
    await running.until(
      'it walks',
      () => (running.told.healed?.length ?? 0) > 0 || (running.told.gap?.length ?? 0) > 0,
    );
    expect(JSON.stringify([running.told['collection.status'], running.told.gap])).toMatch(
      /older copy|trigger/,
    );
    await running.inStep();
    await running.until('a word of its own again', async () => (await wordAt(pair)) !== 'of an older copy');
    await running.inStep();
    // What was found at the start is not found once more when the word is renewed.
    const healing = running.told['collection.status']?.filter(({ status }) => status === 'healing') ?? [];
    expect(healing.filter(({ reason }) => reason.includes('older copy')).length).toBeLessThanOrEqual(1);
  });

  test('rows that somebody changed at the destination are mended by a comparison', async () => {
    await using pair = await filled(capture);
    await using running = await pair.start(settings);
    await running.inStep();
    await pair.target.query(
      `UPDATE users SET name = 'drift' WHERE id <= 5; DELETE FROM users WHERE id = 6; INSERT INTO users VALUES (9000, 'stranger')`,
    );
    const asked = await running.engine.resync('it');
    expect(asked.state).toBe('done');
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(500);
  });
});

async function words({ source }: LivePair): Promise<number> {
  const { rows } = await source.query<{ known: boolean }>(
    `SELECT to_regclass('lockstep.source_words') IS NOT NULL AS known`,
  );
  if (rows[0]?.known !== true) return 0;
  return (await source.query('SELECT FROM lockstep.source_words')).rows.length;
}

test('a slot that was dropped is made anew, and what happened meanwhile is walked', async () => {
  await using pair = await filled('logical');
  await once(pair);
  await pair.source.query(
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()',
  );
  await pair.source.query(unseen);
  await using running = await pair.start(settings);
  await running.inStep();
  expect(running.told.gap).toHaveLength(1);
  expect(await pair.expectSame('users')).toBe(500);
});

test('a slot that somebody else moved on is a gap', async () => {
  await using pair = await filled('logical');
  await once(pair);
  await pair.source.query(unseen);
  await pair.source.query(
    'SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots WHERE database = current_database()',
  );
  await using running = await pair.start(settings);
  await running.inStep();
  expect(running.told.gap).toHaveLength(1);
  expect(await pair.expectSame('users')).toBe(500);
});

async function wordAt({ source }: LivePair): Promise<string | undefined> {
  return (await source.query<{ word: string }>('SELECT word FROM lockstep.source_words')).rows[0]?.word;
}
