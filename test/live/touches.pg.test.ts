import { describe, expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

/**
 * Every write at the source takes a higher number; the target remembers the highest of each key and notes whoever comes with a lower one.
 * It is slow, so that the stream stays behind and a walk finds what the stream has still to tell.
 */
/** Each write takes a millisecond more, so that walks, replays and the stream meet: nothing waits for it. */
const watched = `
CREATE TABLE seen (id int PRIMARY KEY, v bigint NOT NULL);
CREATE TABLE stepped_back (id int, from_v bigint, to_v bigint);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.stepped_back SELECT NEW.id, seen.v, NEW.v FROM public.seen WHERE seen.id = NEW.id AND seen.v > NEW.v;
  INSERT INTO public.seen VALUES (NEW.id, NEW.v) ON CONFLICT (id) DO UPDATE SET v = greatest(seen.v, excluded.v);
  PERFORM pg_sleep(0.001);
  RETURN NEW;
END $$;
CREATE TRIGGER watch AFTER INSERT OR UPDATE ON public.accounts FOR EACH ROW EXECUTE FUNCTION watch()`;

const writersCount = 4;
const seconds = 5;

describe.each(['logical', 'triggers'] as const)('with %s', (capture) => {
  test('walks and replays that race the stream never bring back an older row (rule 2, L3)', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE accounts (id int PRIMARY KEY, v bigint NOT NULL, note text)');
    await pair.both('ALTER TABLE accounts ALTER note SET STORAGE EXTERNAL');
    await pair.source.query('CREATE SEQUENCE versions');
    await pair.target.query('ALTER TABLE accounts ADD CHECK (v % 97 <> 0)');
    await pair.source.query(
      `INSERT INTO accounts SELECT n, nextval('versions'), repeat('n', 4000) FROM generate_series(1, 60) n`,
    );
    await using running = await pair.start({
      collections: ['accounts'],
      guard: { maxLeavingShare: 1 },
      stream: { windowChanges: 10 },
    });
    await pair.target.query(watched);
    const until = performance.now() + seconds * 1000;
    const write = async (writer: number): Promise<void> => {
      const client = await pair.source.connect();
      for (let turn = 0; performance.now() < until; turn += 1) {
        const id = 1 + ((turn * 7 + writer * 13) % 80);
        const statements = [
          `UPDATE accounts SET v = nextval('versions') WHERE id = ${id}`,
          `INSERT INTO accounts VALUES (${id}, nextval('versions'), repeat('x', 5000)) ON CONFLICT (id) DO UPDATE SET v = nextval('versions')`,
          `DELETE FROM accounts WHERE id = ${id}`,
          `UPDATE accounts SET v = nextval('versions') WHERE id BETWEEN ${id} AND ${id + 5}`,
          `DELETE FROM accounts WHERE id = ${id}; INSERT INTO accounts VALUES (${id}, nextval('versions'), 'again')`,
        ];
        // A number is taken only by who holds the key: else the source itself would step back.
        const holding = `SELECT pg_advisory_xact_lock(n) FROM generate_series(${id}, ${id + 5}) n`;
        await client.query(`BEGIN; ${holding}; ${statements[(turn + writer) % statements.length]}; COMMIT`);
      }
    };
    const disturb = async (): Promise<void> => {
      while (performance.now() < until) {
        await running.engine.resync('it');
        await running.engine.replay('it');
      }
    };
    await Promise.all([...Array.from({ length: writersCount }, (_, writer) => write(writer)), disturb()]);
    // What the target refuses is refused for good: those rows get another number.
    await pair.source.query(
      `UPDATE accounts SET v = (SELECT max(v) FROM accounts) / 97 * 97 + 98 + id * 97 WHERE v % 97 = 0`,
    );
    await running.inStep();
    expect((await pair.target.query('SELECT * FROM stepped_back')).rows).toEqual([]);
    expect(await pair.expectSame('accounts')).toBeGreaterThan(20);
    await running.until('no letter', async () => (await running.engine.letters('it')).letters.length === 0);
  }, 60_000);
});
