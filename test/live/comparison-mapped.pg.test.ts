import { expect, test, vi } from 'vitest';
import type { Row } from '../../src/index.ts';
import { compareTables } from '../support/export.ts';
import { compared } from './compared.ts';
import { openLivePair, type RunningPipeline } from './live-pair.ts';

vi.setConfig({ testTimeout: 120_000 });

const everySecond = '* * * * * *';

const people = `CREATE TABLE people (region text, id uuid, name text, extra json, PRIMARY KEY (region, id));
  INSERT INTO people SELECT CASE WHEN n % 2 = 0 THEN 'ä' ELSE 'b' END, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    'name ' || n, json_build_object('n', n) FROM generate_series(1, 3000) n`;

/** A pipeline whose function counts the rows that it sees, and leaves out those whose name begins with a minus. */
async function openCounted() {
  const pair = await openLivePair({ capture: 'triggers' });
  await pair.source.query(people);
  await pair.target.query(
    'CREATE TABLE people (region varchar(10), id uuid, name varchar(40), extra json, mine int, PRIMARY KEY (region, id))',
  );
  let mapped = 0;
  const map = ({ region, id, name, extra }: Row): Row | null => {
    mapped += 1;
    return String(name).startsWith('-')
      ? null
      : { region: region ?? null, id: id ?? null, name: String(name).toUpperCase(), extra: extra ?? null };
  };
  const column = { mapped: true } as const;
  const collection = {
    columns: { region: true, id: true, name: column, extra: column },
    map,
    mapVersion: '1',
    mapReads: ['region', 'id', 'name', 'extra'],
  } as const;
  const running = await pair.start({ collections: { 'public.people': collection }, schedule: everySecond });
  const isEqual = async (): Promise<boolean> => {
    const key = ['region', 'id'];
    const { equal } = await compareTables(
      {
        url: pair.source.url,
        query: `SELECT region, id, upper(name) AS name, extra FROM people WHERE name NOT LIKE '-%'`,
        key,
      },
      {
        url: pair.target.url,
        query: 'SELECT region::text, id, name::text, extra FROM people',
        key,
      },
    );
    return equal;
  };
  return {
    pair,
    running,
    isEqual,
    mapped: () => mapped,
    /** Rows that the function sees during the next comparison that begins. */
    mappedByOne: async (): Promise<number> => {
      await quiet(running, isEqual);
      const before = mapped;
      await compared(running);
      return mapped - before;
    },
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await pair[Symbol.asyncDispose]();
    },
  };
}

/** Both sides are equal, and two comparisons in a row found nothing: what was read is known from then on. */
async function quiet(running: RunningPipeline, isEqual: () => Promise<boolean>): Promise<void> {
  await running.until('both sides are equal', isEqual);
  for (let rounds = 0; rounds < 2; ) rounds = (await compared(running))?.last?.drifted === 0 ? rounds + 1 : 0;
}

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

test('rows that a function maps and that neither side has changed are not read again', async () => {
  await using counted = await openCounted();
  const { pair, mappedByOne } = counted;
  expect(await mappedByOne()).toBe(0);
  await pair.source.query(`UPDATE people SET name = 'other' WHERE id = '${idOf(7)}'`);
  expect(await mappedByOne()).toBe(0);
});

const drifts: Readonly<Record<string, string>> = {
  'a value': `UPDATE people SET name = 'THEIRS' WHERE id = '${idOf(8)}'`,
  'spelling that only json keeps': `UPDATE people SET extra = '{"n":9}' WHERE id = '${idOf(9)}'`,
  'rows that are gone': `DELETE FROM people WHERE id IN ('${idOf(10)}', '${idOf(11)}')`,
  'a row too many': `INSERT INTO people VALUES ('b', gen_random_uuid(), 'THEIRS', '{}', 1)`,
  'two rows whose values changed places': `UPDATE people SET name = CASE id WHEN '${idOf(12)}' THEN 'NAME 14' ELSE 'NAME 12' END
    WHERE id IN ('${idOf(12)}', '${idOf(14)}')`,
};

test('whatever somebody changes at the target is found, though nothing is read that is known', async () => {
  await using counted = await openCounted();
  const { pair, mappedByOne } = counted;
  for (const [what, sql] of Object.entries(drifts)) {
    expect(await mappedByOne(), `before ${what}`).toBe(0);
    await pair.target.query(sql);
    expect(await counted.isEqual(), what).toBe(false);
  }
  expect(await mappedByOne()).toBe(0);
});

test('a change at the source that the capture did not see is found', async () => {
  await using counted = await openCounted();
  const { pair, mappedByOne } = counted;
  expect(await mappedByOne()).toBe(0);
  const [trigger] = (
    await pair.source.query<{ name: string; definition: string }>(
      `SELECT tgname AS name, pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE tgrelid = 'people'::regclass AND pg_get_triggerdef(oid) LIKE '%AFTER UPDATE%'`,
    )
  ).rows;
  if (trigger === undefined) throw new Error('there is no trigger for updates');
  await pair.source.query(
    `BEGIN; SET LOCAL session_replication_role = replica; ALTER TABLE people DISABLE TRIGGER "${trigger.name}";
     UPDATE people SET name = 'untold' WHERE id = '${idOf(15)}'; ALTER TABLE people ENABLE ALWAYS TRIGGER "${trigger.name}"; COMMIT`,
  );
  expect(await mappedByOne()).toBe(0);
});

test('rows that the function leaves out are known too, and come in when they belong', async () => {
  await using counted = await openCounted();
  const { pair, mappedByOne } = counted;
  await pair.source.query(`UPDATE people SET name = '-' || name WHERE id IN ('${idOf(20)}', '${idOf(21)}')`);
  expect(await mappedByOne()).toBe(0);
  await pair.source.query(`UPDATE people SET name = 'back' WHERE id = '${idOf(20)}'`);
  expect(await mappedByOne()).toBe(0);
});

test('who asks for a comparison gets every row read', async () => {
  await using counted = await openCounted();
  const { running, mappedByOne, mapped } = counted;
  expect(await mappedByOne()).toBe(0);
  const before = mapped();
  await running.engine.resync('it');
  await running.until('every row was read', () => mapped() - before >= 3000);
});
