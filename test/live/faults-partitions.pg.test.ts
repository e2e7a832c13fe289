import { describe, expect, test } from 'vitest';
import { captures, openLiveTrial } from './support/live-trial.ts';

const parts = `
CREATE TABLE events (id int NOT NULL, region text NOT NULL, name text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE events_north PARTITION OF events FOR VALUES IN ('north');
CREATE TABLE events_south PARTITION OF events FOR VALUES IN ('south')`;
const whole =
  'CREATE TABLE events (id int NOT NULL, region text NOT NULL, name text, PRIMARY KEY (id, region))';
const fill = `INSERT INTO events SELECT n, CASE WHEN n % 2 = 0 THEN 'north' ELSE 'south' END, 'event ' || n FROM generate_series(1, 400) n`;
const open = { collections: ['events'], guard: { maxLeavingShare: 1, fromRows: 1_000_000 } };

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test('table partitions that are attached and detached, and rows that move between them', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.source.query(`${parts}; ${fill}`);
    await trial.target.query(whole);
    await using running = await trial.start(open);
    await trial.source.query(`UPDATE events SET region = 'south' WHERE region = 'north' AND id <= 50`);
    await running.inStep('events');
    await trial.source.query(
      `CREATE TABLE events_east (LIKE events); INSERT INTO events_east SELECT n, 'east', 'loaded' FROM generate_series(1, 60) n`,
    );
    await trial.source.query(`ALTER TABLE events ATTACH PARTITION events_east FOR VALUES IN ('east')`);
    await running.inStep('events');
    await trial.source.query(`UPDATE events SET name = 'changed' WHERE region = 'east' AND id <= 5`);
    await running.inStep('events');
    await trial.source.query('ALTER TABLE events DETACH PARTITION events_south');
    await trial.source.query(`INSERT INTO events_south VALUES (5000, 'south', 'nobody asks for it')`);
    await trial.source.query(`INSERT INTO events VALUES (6000, 'north', 'after')`);
    await running.inStep('events');
    await trial.source.query(`DELETE FROM events WHERE region = 'east'; TRUNCATE events_north`);
    await trial.source.query(`INSERT INTO events VALUES (7000, 'north', 'last')`);
    await running.inStep('events');
    expect(await trial.expectSame('events')).toBe(1);
    expect(running.log.all('dead-letter.put')).toEqual([]);
    await running.live();
  });
});

test('triggers that somebody disabled and enabled: what happened meanwhile is walked', async () => {
  await using trial = await openLiveTrial({ capture: 'triggers' });
  await trial.both(whole);
  await trial.source.query(fill);
  await using running = await trial.start(open);
  await trial.source.query('ALTER TABLE events DISABLE TRIGGER ALL');
  await trial.source.query(
    `UPDATE events SET name = 'unseen' WHERE id <= 100; DELETE FROM events WHERE id > 390`,
  );
  await trial.source.query('ALTER TABLE events ENABLE TRIGGER ALL');
  await trial.source.query(`INSERT INTO events VALUES (900, 'north', 'seen')`);
  await running.inStep('events');
  expect(await trial.expectSame('events')).toBe(391);
  await running.until('it was walked', () => running.log.all('healed').length > 0);
});

test('triggers that somebody disabled and enabled within one transaction', async () => {
  await using trial = await openLiveTrial({ capture: 'triggers' });
  await trial.both(whole);
  await trial.source.query(fill);
  await using running = await trial.start(open);
  await trial.source.query(
    `BEGIN; ALTER TABLE events DISABLE TRIGGER USER; UPDATE events SET name = 'unseen' WHERE id <= 100; ALTER TABLE events ENABLE TRIGGER USER; COMMIT`,
  );
  await running.inStep('events');
  expect(await trial.expectSame('events')).toBe(400);
});
