import { expect, test } from 'vitest';
import { openLiveTrial } from './support/live-trial.ts';

test('triggers, their functions and the channel have the names that were chosen, and go when removed', async () => {
  await using trial = await openLiveTrial({ capture: 'triggers' });
  await trial.both(
    'CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text)',
  );
  await using running = await trial.start(
    { collections: ['a', 'b'] },
    { captureConfig: { names: { trigger: 'told', function: 'tell', channel: 'news' } } },
  );
  const triggers = () =>
    trial.source.query<{ name: string }>(
      `SELECT DISTINCT tgrelid::regclass || ' ' || tgname || ' ' || tgfoid::regproc AS name FROM pg_trigger WHERE tgrelid IN ('a'::regclass, 'b'::regclass) AND NOT tgisinternal ORDER BY 1`,
    );
  expect((await triggers()).map(({ name }) => name)).toEqual(
    ['a', 'b'].flatMap((table, index) =>
      ['', '_delete', '_truncate', '_update'].map(
        (ending) => `${table} told${ending} lockstep.tell${index === 0 ? '' : '_2'}`,
      ),
    ),
  );
  const [body] = await trial.source.query<{ text: string }>(
    `SELECT prosrc AS text FROM pg_proc WHERE proname = 'tell'`,
  );
  expect(body?.text).toContain(`pg_notify('news', '')`);
  await trial.source.query(`INSERT INTO a VALUES (1, 'x'); INSERT INTO b VALUES (1, 'y')`);
  await running.inStep('a', 'b');
  await running.stop();
  await running.engine.remove('it');
  expect(await triggers()).toEqual([]);
});
