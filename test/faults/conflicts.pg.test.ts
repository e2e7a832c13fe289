import { expect, test } from 'vitest';
import { openPair } from './support/pair.ts';
import { sessionWaitingForLock } from './support/states.ts';
import { openTrial } from './support/trial.ts';

const rows = 3_000;
const counters = 'CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)';
const fill = `${counters}; INSERT INTO counters SELECT n, n FROM generate_series(1, ${rows}) AS n; ANALYZE counters`;

test('a deadlock with somebody else’s transaction: whoever is rolled back, the target is right in the end', async () => {
  await using pair = await openPair({ atSource: fill, atTarget: fill });
  const { source, target } = pair;
  await source.query('UPDATE counters SET n = n + 1 WHERE id <= 400');
  // The server looks for deadlocks in whoever waits longest first: ours, so that it is ours that is rolled back.
  await target.query(`ALTER DATABASE ${target.name} SET deadlock_timeout = '50ms'`);
  await using trial = await openTrial({
    source: source.url,
    target: target.url,
    collections: { counters: { scope: 'all' } },
    settings: { lanes: 1 },
  });
  const other = await target.connect();
  await other.query(`SET deadlock_timeout = '10s'; BEGIN; UPDATE counters SET n = -1 WHERE id = 400`);
  const retried = trial.log.next('retry');
  const running = trial.run();
  await sessionWaitingForLock(target);
  // Ours has written lower keys already and waits for 400; now the other waits for one of those.
  await other.query('UPDATE counters SET n = -1 WHERE id = 1');
  await other.query('ROLLBACK');
  expect(await retried).toMatchObject({ code: 'transaction-conflict' });
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(await pair.expectSame('counters')).toBe(rows);
});

test('serialization failures, where transactions are serializable by default: tried again', async () => {
  await using pair = await openPair({ atSource: fill, atTarget: fill });
  const { source, target } = pair;
  await source.query('UPDATE counters SET n = n + 1 WHERE id <= 400');
  await target.query(`ALTER DATABASE ${target.name} SET default_transaction_isolation = 'serializable'`);
  await using trial = await openTrial({
    source: source.url,
    target: target.url,
    collections: { counters: { scope: 'all' } },
    settings: { lanes: 1 },
  });
  const other = await target.connect();
  await other.query('BEGIN; UPDATE counters SET n = -1 WHERE id = 400');
  const running = trial.run();
  await sessionWaitingForLock(target);
  const retried = trial.log.next('retry');
  await other.query('COMMIT');
  expect(await retried).toMatchObject({ code: 'transaction-conflict' });
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(await pair.expectSame('counters')).toBe(rows);
});
