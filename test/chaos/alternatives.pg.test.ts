import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { failpoints } from '../../src/protocol/failpoints.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { KeptEngine } from './kept-engine.ts';
import { reachedIn } from './lives.ts';
import { until } from './world/until.ts';

vi.setConfig({ testTimeout: 180_000 });

const points = failpoints.filter((point) => reachedIn[point].lives.includes('alternatives'));

type Phones = Readonly<Record<number, string>>;

/** What happens at the source, and what everybody has in the end. */
const acts: readonly (readonly [string, Phones])[] = [
  [`INSERT INTO people VALUES (5, 'p'), (7, 'p')`, { 1: 'own', 5: 'p', 7: 'alt 7' }],
  [`INSERT INTO people VALUES (3, 'p')`, { 1: 'own', 3: 'p', 5: 'alt 5', 7: 'alt 7' }],
  [`UPDATE people SET phone = 'other' WHERE id = 3`, { 1: 'own', 3: 'other', 5: 'p', 7: 'alt 7' }],
  [`DELETE FROM people WHERE id = 5`, { 1: 'own', 3: 'other', 7: 'p' }],
];

test.each(points)('killed at %s, in the end everybody has what he should (rule 4)', async (point) => {
  await using source = await createTestDatabase({ version: 17 });
  await using target = await createTestDatabase({ version: 18 });
  await using directory = await temporaryDirectory();
  await source.query(
    `CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL); INSERT INTO people VALUES (1, 'own')`,
  );
  await target.query('CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL UNIQUE)');
  const places = {
    source: source.url,
    target: target.url,
    store: join(directory.path, 'lockstep.db'),
    alternatives: true,
  } as const;
  const wanted = [`${point}:1`, `${point}:1`];
  await using engine = new KeptEngine(places, { failpoints: wanted });
  const phones = async (): Promise<Phones> => {
    const { rows } = await target.query<{ id: number; phone: string }>('SELECT * FROM people ORDER BY id');
    return Object.fromEntries(rows.map(({ id, phone }) => [id, phone]));
  };
  for (const [sql, end] of acts) {
    await source.query(sql);
    const isSo = async (): Promise<boolean> => JSON.stringify(await phones()) === JSON.stringify(end);
    await until(`people have ${JSON.stringify(end)}`, isSo, { alive: engine.alive });
  }
  // What is forgotten is forgotten after it was written.
  await until(`${point} is reached`, async () => engine.kills === wanted.length, { alive: engine.alive });
  expect(await phones()).toEqual(acts.at(-1)?.[1]);
  await engine.stop();
});
