import type { FencedBy, GuardStore } from '../../protocol/control-store.ts';
import { inPortions } from '../records/in-portions.ts';
import type { PostgresDatabase } from './database.ts';
import { digestOf } from './digest.ts';
import type { FencedWrite } from './fence.ts';
import { createSweep } from './guard-sweep.ts';
import type { Tables } from './names.ts';
import { flag, integer } from './row.ts';

type RaisedGuard = Parameters<GuardStore['raise']>[1];

const dropPendingSql = ({ guards }: Tables) =>
  `UPDATE ${guards} SET state = 'dropped' WHERE pipeline = $1 AND collection = $2 AND state = 'pending'`;
const beginSql = ({ guards }: Tables) => `
  INSERT INTO ${guards} (pipeline, collection, state, leaving, total, samples, raised_at_ms)
  VALUES ($1, $2, 'pending', $3, $4, $5, $6) RETURNING id`;
const addKeysSql = ({ guardKeys }: Tables) => `
  INSERT INTO ${guardKeys} (guard, place, key, digest)
  SELECT $1, $2 + added.place - 1, added.key, added.digest
  FROM unnest($3::text[], $4::bytea[]) WITH ORDINALITY AS added (key, digest, place)`;
const currentSql = ({ guards }: Tables) =>
  `SELECT id, state FROM ${guards} WHERE pipeline = $1 AND collection = $2 AND state IN ('waiting', 'approved')`;
const dropSql = ({ guards }: Tables) => `UPDATE ${guards} SET state = 'dropped' WHERE id = $1`;
const switchSql = ({ guards }: Tables) => `UPDATE ${guards} SET state = 'waiting' WHERE id = $1`;
/** A guard without keys is a count, which is weighed by whoever raises it. */
const coversSql = ({ guardKeys }: Tables) => `
  SELECT EXISTS (SELECT FROM ${guardKeys} WHERE guard = $1) AND NOT EXISTS (
    SELECT FROM ${guardKeys} AS raised WHERE raised.guard = $1 AND NOT EXISTS (
      SELECT FROM ${guardKeys} AS known WHERE known.guard = $2 AND known.digest = raised.digest)) AS covers`;

interface Raised {
  readonly by: FencedBy;
  readonly id: number;
  readonly collection: string;
}

export function createRaise(database: PostgresDatabase, write: FencedWrite): GuardStore['raise'] {
  const begin = createBegin(database.tables, write);
  const addKeys = addKeysSql(database.tables);
  const decide = createDecide(database, write);
  const sweep = createSweep(database);
  return async (by, guard, keys) => {
    const id = await begin(by, guard);
    let place = 0;
    for await (const page of inPortions(keys)) {
      await write(by, (session) => session.query(addKeys, [id, place, page, page.map(digestOf)]));
      place += page.length;
    }
    await decide({ by, id, collection: guard.collection });
    await sweep(by.pipeline);
  };
}

function createBegin(
  tables: Tables,
  write: FencedWrite,
): (by: FencedBy, guard: RaisedGuard) => Promise<number> {
  const dropPending = dropPendingSql(tables);
  const begin = beginSql(tables);
  return (by, { collection, leaving, total, samples, raisedAtMs }) =>
    write(by, async (session) => {
      await session.query(dropPending, [by.pipeline, collection]);
      const values = [by.pipeline, collection, leaving, total, JSON.stringify(samples), raisedAtMs];
      return integer((await session.query(begin, values)).rows[0], 'id');
    });
}

/** The comparison with what was approved takes long for many keys, so it is made before anything is locked, and made again when that changed. */
function createDecide(database: PostgresDatabase, write: FencedWrite): (raised: Raised) => Promise<void> {
  const { tables } = database;
  const current = currentSql(tables);
  const covers = coversSql(tables);
  const drop = dropSql(tables);
  const switchOver = switchSql(tables);

  const compare = async (raised: Raised) => {
    const asked = [raised.by.pipeline, raised.collection];
    const [row] = (await database.read((session) => session.query(current, asked))).rows;
    if (row?.['state'] !== 'approved') return { approved: null, isCovered: false };
    const approved = integer(row, 'id');
    const { rows } = await database.ponder(covers, [raised.id, approved]);
    return { approved, isCovered: flag(rows[0], 'covers') };
  };

  return async (raised) => {
    for (let isDecided = false; !isDecided; ) {
      const { approved, isCovered } = await compare(raised);
      isDecided = await write(raised.by, async (session) => {
        const asked = [raised.by.pipeline, raised.collection];
        const [row] = (await session.query(`${current} FOR NO KEY UPDATE`, asked)).rows;
        if ((row?.['state'] === 'approved' ? integer(row, 'id') : null) !== approved) return false;
        if (isCovered) await session.query(drop, [raised.id]);
        else {
          if (row !== undefined) await session.query(drop, [integer(row, 'id')]);
          await session.query(switchOver, [raised.id]);
        }
        return true;
      });
    }
  };
}
