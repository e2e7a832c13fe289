import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { captures, openLiveTrial } from './support/live-trial.ts';
import type { Side } from './support/side.ts';

const rows = 2_000;
const table = 'CREATE TABLE seats (id int PRIMARY KEY, place text UNIQUE, guest int NOT NULL, note text)';
const fill = `INSERT INTO seats SELECT n, 'place ' || n, n FROM generate_series(1, ${rows}) n`;
const loseHistory = {
  logical:
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()',
  triggers: 'TRUNCATE lockstep.log_it',
};

/** Guests change, and two seats exchange their places; there are always as many seats, and as many places. */
const moveAround = (turn: number): string => `
  BEGIN;
  UPDATE seats SET guest = guest + 1 WHERE id % 50 = ${turn % 50};
  UPDATE seats SET place = 'nowhere' WHERE id = ${1 + (turn % 100)};
  UPDATE seats SET place = 'place ${1 + (turn % 100)}' WHERE place = 'place ${101 + (turn % 100)}';
  UPDATE seats SET place = 'place ${101 + (turn % 100)}' WHERE place = 'nowhere';
  COMMIT`;

/** Looks at the target again and again, as its users do, and keeps what none of them may ever see. */
function watch(target: Side): { readonly wrong: readonly string[]; looks: number; stop(): Promise<void> } {
  const wrong: string[] = [];
  let isOver = false;
  const seen = { wrong, looks: 0, stop: async () => {} };
  const looking = (async () => {
    const client = await target.connect();
    while (!isOver) {
      const { rows: found } = await client.query<{ n: number; places: number }>(
        `SELECT count(*)::int AS n, count(DISTINCT place) FILTER (WHERE place LIKE 'place %')::int AS places FROM seats`,
      );
      const [{ n, places } = { n: 0, places: 0 }] = found;
      if (n !== rows || places !== rows) wrong.push(`${n} rows, ${places} places`);
      seen.looks += 1;
    }
  })().catch((error: unknown) => void wrong.push(String(error)));
  seen.stop = async () => {
    isOver = true;
    await looking;
  };
  return seen;
}

describe.each(captures)('with %s', { timeout: 120_000 }, (capture) => {
  test('from its first readiness on a collection is never empty, missing or half-built (rule 7)', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    const guard = { maxLeavingShare: 1 };
    {
      await using running = await trial.start({ collections: ['seats'], guard });
      await running.stop();
    }
    const seen = watch(trial.target);
    const writing = new AbortController();
    const writer = (async () => {
      for (let turn = 0; !writing.signal.aborted; turn += 1) {
        await trial.source.query(moveAround(turn));
        await delay(5);
      }
    })();
    {
      await using running = await trial.start({ collections: ['seats'], guard });
      await running.engine.resync('it', { collections: ['seats'] });
      await running.until('it was walked', () => running.log.all('healed').length > 0);
      await running.stop();
    }
    await trial.source.query(loseHistory[capture]);
    {
      await using running = await trial.start({ collections: ['seats'], guard });
      await running.until('the gap was walked', () => running.log.all('healed').length > 0);
      await running.stop();
    }
    {
      const collections = { seats: { exclude: ['note'] } };
      await using running = await trial.start({ collections, guard });
      await running.until('the new mapping was walked', () => running.log.all('healed').length > 0);
      writing.abort();
      await writer;
      await running.inStep('seats');
      await running.stop();
    }
    await seen.stop();
    expect(seen.wrong).toEqual([]);
    expect(seen.looks).toBeGreaterThan(50);
    expect(await trial.expectSame('seats')).toBe(rows);
  });
});
