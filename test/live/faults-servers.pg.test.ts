import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';
import { captures, type LiveRun, openLiveTrial } from './support/live-trial.ts';
import { ownSide, type Side } from './support/side.ts';

let source: PostgresServer;
let target: PostgresServer;

beforeAll(async () => {
  [source, target] = await Promise.all([startPostgres({ version: 18 }), startPostgres({ version: 17 })]);
});
afterAll(async () => {
  await source?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 2000) n`;

/** Small changes of every kind, until it is told to stop; what fails because the server is away is tried again with the next. */
function writeOn(side: Side): { stop(): Promise<number> } {
  let stopped = false;
  let written = 0;
  const writing = (async () => {
    for (let n = 1; !stopped; n += 1) {
      const sql = `INSERT INTO items VALUES (${10_000 + n}, 'new'); UPDATE items SET name = 'changed ${n}' WHERE id = ${1 + (n % 1500)}; DELETE FROM items WHERE id = ${1501 + (n % 500)}`;
      written += await side.query(sql).then(
        () => 1,
        () => 0,
      );
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await writing;
      return written;
    },
  };
}

const wasDegraded = (running: LiveRun): boolean =>
  running.log
    .all('status')
    .some(({ status, reason, nextStep }) => status === 'degraded' && reason !== '' && nextStep !== '');

describe.each(captures)('with %s', (capture) => {
  const faults = {
    'is restarted': (server: PostgresServer) => server.restart(),
    'crashes and comes back': (server: PostgresServer) => server.kill().then(() => server.start()),
  };
  const cases = (['source', 'target'] as const).flatMap((side) =>
    (Object.keys(faults) as (keyof typeof faults)[]).map((fault) => [side, fault] as const),
  );

  test.each(cases)('the server of the %s %s while changes flow', async (side, fault) => {
    await using from = await ownSide(source);
    await using to = await ownSide(target);
    await using trial = await openLiveTrial({ capture, source: from, target: to });
    await trial.both(table);
    await from.query(fill);
    await using running = await trial.start({ collections: ['items'], guard: { maxLeavingShare: 1 } });
    const writer = writeOn(from);
    await running.until('changes flow', () => running.log.all('window.applied').length > 5);
    await faults[fault](side === 'source' ? source : target);
    await running.until('it noticed', () => wasDegraded(running));
    await running.live();
    expect(await writer.stop()).toBeGreaterThan(0);
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBeGreaterThan(1500);
    expect(running.log.all('gap')).toEqual([]);
    expect(running.log.all('dead-letter.put')).toEqual([]);
    await running.until('the lag is known', () => running.lag === 'inStep');
    await running.stop();
  });

  test.each(['source', 'target'] as const)(
    'the server of the %s is away for longer than every cap and pause (rule 6)',
    async (side) => {
      await using from = await ownSide(source);
      await using to = await ownSide(target);
      await using trial = await openLiveTrial({ capture, source: from, target: to });
      await trial.both(table);
      await from.query(fill);
      await using running = await trial.start({ collections: ['items'], guard: { maxLeavingShare: 1 } });
      await running.until('the lag is known', () => running.lag === 'inStep');
      await (side === 'source' ? source : target).stop();
      try {
        if (side === 'target')
          await from.query(
            `UPDATE items SET name = 'meanwhile' WHERE id <= 500; DELETE FROM items WHERE id > 1900`,
          );
        await running.until('the breaker opened', () => running.log.all('breaker.opened').length > 0);
        const failures = running.log.all('retry').length;
        await running.until('it tries on', () => running.log.all('retry').length > failures + 5);
        expect(running.status).toMatchObject({ status: 'degraded' });
        expect(running.status.nextStep).not.toBe('');
        await running.until(
          'the lag is told',
          () => running.lag === (side === 'source' ? 'unknown' : 'behind'),
        );
      } finally {
        await (side === 'source' ? source : target).start();
      }
      await running.live();
      await from.query(`INSERT INTO items VALUES (5000, 'after')`);
      await running.inStep('items');
      expect(await trial.expectSame('items')).toBe(side === 'source' ? 2001 : 1901);
      expect(running.log.all('gap')).toEqual([]);
      expect(running.log.all('dead-letter.put')).toEqual([]);
      await running.stop();
    },
  );
});
