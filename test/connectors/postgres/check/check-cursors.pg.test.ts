import { expect, test } from 'vitest';
import { checkCursors } from '../../../../src/connectors/postgres/check/cursor/check-cursors.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openOn } from '../support.ts';

const cursors = new Map([['public.items', { column: 'updated_at', overlap: null, timeZone: null }]]);
const options = { user: 'postgres', defaultSchema: 'public' };

test('a prepared transaction that is forgotten is told, with its name and since when; one that was just prepared is not', async () => {
  await using db = await createTestDatabase();
  await using session = await openOn(db);
  await using other = await createTestDatabase();
  await using elsewhere = await openOn(other);
  await db.query('CREATE TABLE items (id int PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now())');
  const gid = `forgotten ${db.name}`;
  const owner = await db.connect();
  await owner.query(`BEGIN; INSERT INTO items VALUES (1); PREPARE TRANSACTION '${gid}'`);
  const told = async (at: typeof session, preparedForSeconds?: number) => {
    const findings = await checkCursors(at, cursors, {
      ...options,
      ...(preparedForSeconds !== undefined && { preparedForSeconds }),
    });
    return findings.filter(({ code }) => code === 'cursor-prepared');
  };
  try {
    const [found, ...more] = await told(session, 0);
    expect(found).toMatchObject({
      level: 'warning',
      subject: 'source',
      message: expect.stringContaining(gid),
      cure: expect.stringContaining('ROLLBACK PREPARED'),
    });
    expect(found?.message).toMatch(/since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    expect(more).toEqual([]);
    expect(await told(session)).toEqual([]);
    expect(await told(elsewhere, 0)).toEqual([]);
  } finally {
    // It would hold its database.
    await db.query(`ROLLBACK PREPARED '${gid}'`);
  }
});
