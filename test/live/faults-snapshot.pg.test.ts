import { describe, expect, test } from 'vitest';
import { startPostgres } from '../../tools/servers/postgres.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { captures, openLiveTrial } from './support/live-trial.ts';
import { ownSide, type Side } from './support/side.ts';
import { takeSnapshot } from './support/volume-snapshot.ts';

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 500) n`;
const settings = { collections: ['items'], guard: { maxLeavingShare: 1 } };

const wordAt = async (source: Side): Promise<string> => {
  const [row] = await source.query<{ word: string }>('SELECT word FROM lockstep.source_words');
  return row?.word ?? '';
};

/** As much as the pipeline has seen and more: its place is one that the restored server knows too. */
const moveOn = async (source: Side): Promise<void> => {
  for (let n = 0; n < 400; n += 1) await source.query('SELECT pg_current_xact_id()');
  await source.query(
    'SELECT pg_switch_wal(); CREATE TABLE filler AS SELECT md5(n::text) FROM generate_series(1, 10000) n; SELECT pg_switch_wal(); DROP TABLE filler',
  );
};

describe.each(captures)('with %s (rules 4, 5)', { timeout: 120_000 }, (capture) => {
  test('the disk of the source is put back under a pipeline that runs, and the server has gone on since', async () => {
    await using server = await startPostgres({ version: 17 });
    // Gone with its server.
    const source = await ownSide(server);
    await using trial = await openLiveTrial({ capture, source });
    await trial.both(table);
    await source.query(fill);
    await using proxy = await startFaultProxy(source.url);
    await using running = await trial.start(settings, { source: proxy.url(source.url) });
    await running.until('it has a word there', async () => (await wordAt(source).catch(() => '')) !== '');
    const before = await wordAt(source);
    const snapshot = await takeSnapshot(server);
    await running.live();
    await source.query(
      `UPDATE items SET name = 'lost' WHERE id <= 50; DELETE FROM items WHERE id > 490; INSERT INTO items VALUES (900, 'lost')`,
    );
    await running.inStep('items');
    await running.until('it has another word', async () => (await wordAt(source)) !== before);
    await proxy.refuse();
    proxy.cut();
    await snapshot.restore();
    await source.query(`UPDATE items SET name = 'not heard of' WHERE id BETWEEN 101 AND 150`);
    await moveOn(source);
    await proxy.heal();
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(500);
    await running.stop();
  });
});
