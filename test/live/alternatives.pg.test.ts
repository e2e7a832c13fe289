import { describe, expect, it } from 'vitest';
import { type LivePair, openLivePair } from './live-pair.ts';

const settings = {
  collections: {
    people: {
      scope: { where: 'id < 1000' },
      alternatives: { phone: ({ id }: { readonly id?: unknown }) => [`alt ${id}`, `more ${id}`] },
    },
  },
};

async function phones({ target }: LivePair): Promise<Readonly<Record<number, string>>> {
  const { rows } = await target.query<{ id: number; phone: string }>('SELECT * FROM people ORDER BY id');
  return Object.fromEntries(rows.map(({ id, phone }) => [id, phone]));
}

async function openPeople(capture: 'logical' | 'triggers', rows: string): Promise<LivePair> {
  const pair = await openLivePair({ capture });
  await pair.source.query('CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL)');
  await pair.target.query('CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL UNIQUE)');
  if (rows !== '') await pair.source.query(`INSERT INTO people VALUES ${rows}`);
  return pair;
}

describe.each(['logical', 'triggers'] as const)('alternatives of a unique value, %s', (capture) => {
  it('gives the value to the lowest key whoever comes first, and back when it is released', async () => {
    await using pair = await openPeople(capture, `(5, 'p')`);
    await using running = await pair.start(settings);
    const become = (wanted: Readonly<Record<number, string>>) =>
      running.until(
        JSON.stringify(wanted),
        async () => JSON.stringify(await phones(pair)) === JSON.stringify(wanted),
      );
    await pair.source.query(`INSERT INTO people VALUES (7, 'p')`);
    await become({ 5: 'p', 7: 'alt 7' });
    await pair.source.query(`INSERT INTO people VALUES (3, 'p')`);
    await become({ 3: 'p', 5: 'alt 5', 7: 'alt 7' });
    await pair.source.query(`UPDATE people SET phone = 'own' WHERE id = 3`);
    await become({ 3: 'own', 5: 'p', 7: 'alt 7' });
    await pair.source.query(`DELETE FROM people WHERE id = 5`);
    await become({ 3: 'own', 7: 'p' });
    expect(running.told['dead-letter.put']).toEqual([]);
    const [found] = (await running.engine.verify('it')).collections;
    expect(found).toMatchObject({ equal: true });
  });

  it('weighs a row that wants a taken value beside one that the target refuses', async () => {
    await using pair = await openPeople(capture, `(1, 'p')`);
    await pair.target.query(`ALTER TABLE people ADD CHECK (phone <> 'poison')`);
    await using running = await pair.start(settings);
    await pair.source.query(`INSERT INTO people VALUES (2, 'poison'), (3, 'p'), (4, 'q')`);
    await running.until('the others are there', async () => Object.keys(await phones(pair)).length === 3);
    expect(await phones(pair)).toEqual({ 1: 'p', 3: 'alt 3', 4: 'q' });
    await running.until(
      'the poison has its letter',
      () => (running.told['dead-letter.put'] ?? []).length === 1,
    );
    await pair.source.query(`UPDATE people SET phone = 'r' WHERE id = 2`);
    await running.until('it is cured', async () => (await phones(pair))[2] === 'r');
  });

  it('remembers who waits over a restart', async () => {
    await using pair = await openPeople(capture, `(1, 'p'), (2, 'p')`);
    {
      await using running = await pair.start(settings);
      expect(await phones(pair)).toEqual({ 1: 'p', 2: 'alt 2' });
      await running.stop();
    }
    await pair.source.query(`UPDATE people SET phone = 'own' WHERE id = 1`);
    await using running = await pair.start(settings);
    await running.until('it has its own again', async () => (await phones(pair))[2] === 'p');
    expect(await phones(pair)).toEqual({ 1: 'own', 2: 'p' });
  });

  it('is right beside the first copy over rows that are there, and goes on from there', async () => {
    await using pair = await openPeople(capture, `(1, 'p'), (2, 'p'), (3, 'q'), (4, 'r')`);
    // Of an earlier program: values lie with whom they do not belong to, one row is to leave, one is not ours.
    await pair.target.query(
      `INSERT INTO people VALUES (1, 'q'), (2, 'p'), (3, 'old'), (9, 'alt 2'), (1001, 'r')`,
    );
    await using running = await pair.start({ ...settings, guard: { maxLeavingShare: 1 } });
    await running.until(
      'everybody has what he should',
      async () =>
        JSON.stringify(await phones(pair)) ===
        JSON.stringify({ 1: 'p', 2: 'alt 2', 3: 'q', 4: 'alt 4', 1001: 'r' }),
    );
    expect((await running.engine.verify('it')).collections).toMatchObject([{ equal: true }]);
    await pair.source.query(`UPDATE people SET phone = 'own' WHERE id = 1`);
    await running.until('it has its own', async () => (await phones(pair))[2] === 'p');
  });

  it('ends where everybody has what he should have after changes in any order', async () => {
    await using pair = await openPeople(capture, '');
    await using running = await pair.start(settings);
    for (let turn = 0; turn < 60; turn += 1) {
      const id = 1 + ((turn * 7) % 20);
      const phone = `p${(turn * 5) % 6}`;
      await pair.source.query(
        turn % 9 === 8
          ? `DELETE FROM people WHERE id = ${id}`
          : `INSERT INTO people VALUES (${id}, '${phone}') ON CONFLICT (id) DO UPDATE SET phone = EXCLUDED.phone`,
      );
    }
    const { rows } = await pair.source.query<{ id: number; phone: string }>(
      'SELECT * FROM people ORDER BY id',
    );
    const taken = new Set<string>();
    const wanted = rows.map(({ id, phone }) => {
      const value = taken.has(phone) ? `alt ${id}` : phone;
      taken.add(value);
      return [id, value] as const;
    });
    await running.until(
      'everybody has what he should',
      async () => JSON.stringify(await phones(pair)) === JSON.stringify(Object.fromEntries(wanted)),
    );
  });
});
