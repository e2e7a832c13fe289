import { describe, expect, test } from 'vitest';
import { openPair, type Pair } from './support/pair.ts';
import { openTrial, type Trial } from './support/trial.ts';

const open = (pair: Pair, ...collections: readonly string[]): Promise<Trial> =>
  openTrial({
    source: pair.source.url,
    target: pair.target.url,
    collections,
    settings: { guard: { fromRows: 100_000 } },
  });

const seats = `CREATE TABLE seats (id int PRIMARY KEY, seat int NOT NULL UNIQUE, label text UNIQUE);
  INSERT INTO seats SELECT n, n, 'seat ' || n FROM generate_series(1, 200) AS n`;

describe('unique values that move among the rows of a pass', () => {
  /** Through values that nobody has, as the source does not let rows exchange them in place either. */
  const rotate = (mapping: string): string =>
    `UPDATE seats SET seat = seat + 100000, label = 'x' || label; UPDATE seats SET seat = ${mapping}, label = 'seat ' || (${mapping})`;

  test.each([
    ['pairs are exchanged', 'CASE WHEN id % 2 = 0 THEN id - 1 ELSE id + 1 END'],
    ['a chain: each takes its neighbour’s', 'id + 1'],
    ['the other way round', 'id - 1'],
    ['cycles of three', 'CASE WHEN id > 198 THEN id WHEN id % 3 = 0 THEN id - 2 ELSE id + 1 END'],
    ['one cycle of all', 'CASE WHEN id = 200 THEN 1 ELSE id + 1 END'],
  ])('%s', async (_, mapping) => {
    await using pair = await openPair({ atSource: seats, atTarget: seats });
    await using trial = await openTrial({
      source: pair.source.url,
      target: pair.target.url,
      collections: { seats: { scope: 'all' } },
    });
    await pair.source.query(rotate(mapping));
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    expect(await pair.expectSame('seats')).toBe(200);
  });

  test('a new row takes the value of one that leaves', async () => {
    await using pair = await openPair({ atSource: seats, atTarget: seats });
    await using trial = await openTrial({
      source: pair.source.url,
      target: pair.target.url,
      collections: { seats: { scope: 'all' } },
    });
    await pair.source.query(`DELETE FROM seats WHERE id <= 10;
      INSERT INTO seats SELECT 300 + n, n, 'seat ' || n FROM generate_series(1, 10) AS n`);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    expect(await pair.expectSame('seats')).toBe(200);
  });

  test('a value that a row outside of the pipeline holds: a letter, resolved once it is free', async () => {
    await using pair = await openPair({
      atSource: seats,
      atTarget: 'CREATE TABLE seats (id int PRIMARY KEY, seat int NOT NULL UNIQUE, label text UNIQUE)',
    });
    await pair.target.query(`INSERT INTO seats VALUES (9999, 7, 'theirs')`);
    await using trial = await open(pair, 'seats');
    expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 1 });
    expect(trial.log.all('dead-letter.put')).toMatchObject([{ code: 'unique-conflict', key: '["7"]' }]);
    await pair.target.query('DELETE FROM seats WHERE id = 9999');
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('seats')).toBe(200);
  });
});

describe('rows that refer to each other', () => {
  const tree = 'CREATE TABLE nodes (id int PRIMARY KEY, parent int REFERENCES nodes, name text)';

  test('to rows of the same table, in any order, moved and deleted', async () => {
    await using pair = await openPair({
      atSource: `${tree}; INSERT INTO nodes SELECT n, CASE WHEN n < 3000 THEN n + 1 END, 'n' FROM generate_series(3000, 1, -1) AS n; ANALYZE nodes`,
      atTarget: tree,
    });
    await using trial = await openTrial({
      source: pair.source.url,
      target: pair.target.url,
      collections: ['nodes'],
      settings: { rowsPerPartition: 500 },
    });
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('nodes')).toBe(3_000);
    await pair.source.query(`UPDATE nodes SET parent = NULL WHERE id = 2500; DELETE FROM nodes WHERE id <= 200;
      INSERT INTO nodes VALUES (5001, NULL, 'a'), (5000, 5001, 'b'); UPDATE nodes SET parent = 5000 WHERE id = 2600`);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('nodes')).toBe(2_802);
  });

  const couple = (deferrable: string): string => `
    CREATE TABLE teams (id int PRIMARY KEY, captain int);
    CREATE TABLE players (id int PRIMARY KEY, team int NOT NULL REFERENCES teams);
    ALTER TABLE teams ADD CONSTRAINT teams_captain FOREIGN KEY (captain) REFERENCES players ${deferrable}`;
  const members = `INSERT INTO teams SELECT n, NULL FROM generate_series(1, 30) AS n;
    INSERT INTO players SELECT n, 1 + n % 30 FROM generate_series(1, 90) AS n;
    UPDATE teams SET captain = (SELECT min(id) FROM players WHERE team = teams.id)`;

  test.each(['', 'DEFERRABLE', 'DEFERRABLE INITIALLY DEFERRED'])(
    'two tables that refer to each other (%s)',
    async (deferrable) => {
      await using pair = await openPair({
        atSource: `${couple('')}; ${members}`,
        atTarget: couple(deferrable),
      });
      await using trial = await open(pair, 'teams', 'players');
      expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
      expect(await pair.expectSame('teams', 'players')).toBe(120);
      await pair.source.query(`UPDATE teams SET captain = NULL WHERE id = 5; DELETE FROM players WHERE team = 5; DELETE FROM teams WHERE id = 5;
        INSERT INTO teams VALUES (777, NULL); INSERT INTO players VALUES (7777, 777); UPDATE teams SET captain = 7777 WHERE id = 777`);
      expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
      await pair.expectSame('teams', 'players');
    },
  );

  const family = `CREATE TABLE parents (id int PRIMARY KEY, name text);
    CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents ON DELETE RESTRICT)`;

  test('parents are deleted with their children, and children change parents', async () => {
    await using pair = await openPair({
      atSource: `${family}; INSERT INTO parents SELECT n, 'p' FROM generate_series(1, 1000) AS n;
        INSERT INTO children SELECT n, 1 + n % 1000 FROM generate_series(1, 5000) AS n`,
      atTarget: family,
    });
    await using trial = await open(pair, 'children', 'parents');
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    await pair.source.query(`UPDATE children SET parent = 500 WHERE parent = 20; DELETE FROM children WHERE parent BETWEEN 30 AND 120;
      DELETE FROM parents WHERE id = 20 OR id BETWEEN 30 AND 120; INSERT INTO parents VALUES (2000, 'new'); INSERT INTO children VALUES (9000, 2000)`);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    await pair.expectSame('parents', 'children');
  });

  test('a parent that is not there is a letter of its children alone, and cured by its coming', async () => {
    await using pair = await openPair({
      atSource: `CREATE TABLE parents (id int PRIMARY KEY, name text); CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL);
        INSERT INTO parents SELECT n, 'p' FROM generate_series(1, 10) AS n;
        INSERT INTO children SELECT n, 1 + n % 11 FROM generate_series(1, 110) AS n`,
      atTarget: family,
    });
    await using trial = await open(pair, 'children', 'parents');
    expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 10 });
    expect(new Set(trial.log.all('dead-letter.put').map(({ code }) => code))).toEqual(
      new Set(['reference-missing']),
    );
    await pair.source.query(`INSERT INTO parents VALUES (11, 'late')`);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    await pair.expectSame('parents', 'children');
  });
});
