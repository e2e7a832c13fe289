import { describe, expect, test } from 'vitest';
import { people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

interface Index {
  readonly oid: number;
  readonly valid: boolean;
  readonly definition: string;
}

const indexOf = async ({ source }: Town): Promise<Index | null> => {
  const { rows } = await source.query<Index>(
    `SELECT indexrelid::int AS oid, indisvalid AS valid, pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indexrelid = to_regclass('public.idx_users_status_updated')`,
  );
  return rows[0] ?? null;
};

const create = 'CREATE INDEX CONCURRENTLY idx_users_status_updated ON users (status, updated_at DESC)';

const setUpAndStop = async (town: Town): Promise<readonly string[]> => {
  await using service = await town.start('setup');
  await service.stop();
  return service.logged('made anew').map(({ level }) => level);
};

describe('the index of the marketplace’s users', { timeout: 90_000 }, () => {
  test('UT-17 one that was left half-made is told by check and made anew by setup, and remove drops what setup made', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    const refused = town.source.query(
      'CREATE UNIQUE INDEX CONCURRENTLY idx_users_status_updated ON users (status)',
    );
    await expect(refused).rejects.toThrow('could not create unique index');
    expect(await indexOf(town)).toMatchObject({ valid: false });
    const told = { level: 'warning', code: 'postgres-index-broken', subject: 'source' };
    expect(await town.command(['check'])).toMatchObject({
      code: 0,
      answer: { ok: true, result: { findings: expect.arrayContaining([expect.objectContaining(told)]) } },
    });
    expect(await setUpAndStop(town)).toEqual(['WARNING']);
    expect(await indexOf(town)).toMatchObject({
      valid: true,
      definition: expect.stringMatching(/^CREATE INDEX .*\(status, updated_at DESC\)$/),
    });
    expect(JSON.stringify((await town.command(['check'])).answer)).not.toContain('postgres-index-broken');
    const before = await indexOf(town);
    expect(await setUpAndStop(town)).toEqual([]);
    expect(await indexOf(town)).toEqual(before);
    const { code, answer } = await town.command(['remove']);
    expect({ code, answer }).toMatchObject({ code: 0, answer: { result: { left: [] } } });
    expect(JSON.stringify(answer.result)).toContain('dropped the index idx_users_status_updated');
    expect(await indexOf(town)).toBeNull();
  });

  test('UT-17 one that somebody else made stays', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await town.source.query(create);
    const before = await indexOf(town);
    expect(await setUpAndStop(town)).toEqual([]);
    expect(await town.command(['remove'])).toMatchObject({ code: 0, answer: { result: { left: [] } } });
    expect(await indexOf(town)).toEqual(before);
  });

  test('UT-17 one that somebody makes just now is waited for, and stays', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    const application = await town.source.connect();
    await application.query(`BEGIN; UPDATE users SET bio = 'open'`);
    const maker = await town.source.connect();
    const made = maker.query(create);
    await eventually('it is half-made', async () => (await indexOf(town))?.valid === false);
    const before = await indexOf(town);
    await using service = await town.begin('setup');
    await eventually('setup waits', () => service.logged('is waited for').length === 1);
    await application.query('COMMIT');
    await made;
    await service.healthy();
    await service.stop();
    expect(service.logged('made anew')).toEqual([]);
    expect(await indexOf(town)).toEqual({ ...before, valid: true });
    await town.command(['remove']);
    expect(await indexOf(town)).toEqual({ ...before, valid: true });
  });
});
