import { afterEach, describe, expect, test, vi } from 'vitest';
import { captures, openLiveTrial } from './support/live-trial.ts';

const hourMs = 3_600_000;

/** Only what the host's clock says is wrong; what measures time runs as ever, as on a host whose clock was set. */
function clockIsWrongBy(milliseconds: number): void {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test.each([7 * hourMs, -7 * hourMs])(
    'a clock that is wrong by %d ms: the lag says the truth',
    async (wrongBy) => {
      await using trial = await openLiveTrial({ capture });
      await trial.both('CREATE TABLE items (id int PRIMARY KEY, name text)');
      await trial.target.query(`ALTER TABLE items ADD CHECK (name <> 'bad')`);
      clockIsWrongBy(wrongBy);
      await using running = await trial.start({ collections: ['items'] });
      await trial.source.query(`INSERT INTO items SELECT n, 'x' FROM generate_series(1, 100) n`);
      await running.inStep('items');
      await running.until('the lag is told', () => running.lag === 'inStep');
      const holder = await trial.target.connect();
      await holder.query('BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE');
      await trial.source.query(`UPDATE items SET name = 'y'; INSERT INTO items VALUES (500, 'bad')`);
      await running.until('it is behind', () => running.lag === 'behind');
      for (const { lag } of running.log.all('lag'))
        if (lag.kind === 'behind') expect(lag.milliseconds).toBeLessThan(60_000);
      await holder.query('COMMIT');
      await running.until('the letter', async () => (await running.letters()).length === 1);
      await trial.source.query(`UPDATE items SET name = 'good' WHERE id = 500`);
      await running.inStep('items');
      await running.until('no letter', async () => (await running.letters()).length === 0);
      expect(await trial.expectSame('items')).toBe(101);
      await running.stop();
    },
  );

  test('a clock that is set while it runs, forth and back', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both('CREATE TABLE items (id int PRIMARY KEY, name text)');
    await using running = await trial.start({ collections: ['items'] });
    for (const [turn, wrongBy] of [5 * hourMs, -5 * hourMs, 0].entries()) {
      vi.restoreAllMocks();
      clockIsWrongBy(wrongBy);
      await trial.source.query(
        `INSERT INTO items SELECT n + ${turn * 100}, 'x' FROM generate_series(1, 50) n; UPDATE items SET name = 'turn ${turn}'`,
      );
      await running.inStep('items');
      const told = running.log.all('lag').length;
      await running.until(
        'the lag is told again',
        () => running.log.all('lag').length > told + 1 && running.lag === 'inStep',
      );
    }
    expect(await trial.expectSame('items')).toBe(150);
    expect(running.log.all('failed')).toEqual([]);
    await running.stop();
  });
});
