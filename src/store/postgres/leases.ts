import type { Lease, LeaseStore } from '../../protocol/control-store.ts';
import { nextFence } from '../records/next-fence.ts';
import { nowMs } from './clock.sql.ts';
import type { PostgresDatabase } from './database.ts';
import type { Tables } from './names.ts';
import { toLease } from './records.ts';
import { integer, type StoredRow } from './row.ts';
import type { StoreSession } from './session.ts';

type Request = Parameters<LeaseStore['acquire']>[0];

const columns = 'pipeline, owner, fence, duration_ms, expires_at_ms';
const makeRowSql = ({ leases }: Tables) => `
  INSERT INTO ${leases} (${columns}) VALUES ($1, NULL, 0, 0, 0) ON CONFLICT DO NOTHING`;
const lockSql = ({ leases }: Tables) => `SELECT FROM ${leases} WHERE pipeline = $1 FOR NO KEY UPDATE`;
/** After the lock, so that the clock is not read before waiting for it. */
const selectSql = ({ leases }: Tables) =>
  `SELECT ${columns}, ${nowMs} AS now FROM ${leases} WHERE pipeline = $1`;
const takeSql = ({ leases }: Tables) => `
  UPDATE ${leases} SET owner = $2, fence = $3, duration_ms = $4, expires_at_ms = ${nowMs} + $4
  WHERE pipeline = $1 RETURNING ${columns}`;
const shortenSql = ({ leases }: Tables) => `UPDATE ${leases} SET expires_at_ms = $2 WHERE pipeline = $1`;
const renewSql = ({ leases }: Tables) => `
  UPDATE ${leases} SET duration_ms = $4, expires_at_ms = ${nowMs} + $4
  WHERE pipeline = $1 AND owner = $2 AND fence = $3 RETURNING ${columns}`;
const releaseSql = ({ leases }: Tables) =>
  `UPDATE ${leases} SET owner = NULL WHERE pipeline = $1 AND owner = $2 AND fence = $3`;

/**
 * Leases by the server's clock, so that machines whose clocks disagree agree about who has one. That clock may jump too, as in the SQLite
 * store: forward, a lease runs out while its owner works; back, whoever finds one that ends later than a whole duration from now shortens
 * it to that. A lease that ran out but that nobody took is still its owner's.
 *
 * Each step may be repeated when a connection was lost: who asks twice gets a newer fence than the one that nobody heard of.
 */
export function createLeaseStore(database: PostgresDatabase): LeaseStore {
  const { tables } = database;
  const select = selectSql(tables);
  const renew = renewSql(tables);
  const release = releaseSql(tables);
  const acquire = createAcquire(tables);
  return {
    acquire: async (request) => {
      const [seen] = (await database.read((session) => session.query(select, [request.pipeline]))).rows;
      // Whoever stands by asks often: it neither waits for the owner's writes nor keeps them waiting.
      if (seen !== undefined && isHeld(seen, request.owner) && latestEnd(seen) === null) return null;
      return await database.lease((session) => acquire(session, request));
    },
    renew: ({ pipeline, owner, fence }, durationMs) =>
      database.lease(async (session) => {
        const { rows } = await session.query(renew, [pipeline, owner, fence, durationMs]);
        return toLease(rows[0]);
      }),
    release: ({ pipeline, owner, fence }) =>
      database.lease(async (session) => {
        await session.query(release, [pipeline, owner, fence]);
      }),
    get: (pipeline) =>
      database.read(async (session) => toLease((await session.query(select, [pipeline])).rows[0])),
  };
}

function createAcquire(tables: Tables): (session: StoreSession, request: Request) => Promise<Lease | null> {
  const makeRow = makeRowSql(tables);
  const lock = lockSql(tables);
  const select = selectSql(tables);
  const shorten = shortenSql(tables);
  const take = takeSql(tables);
  return async (session, { pipeline, owner, durationMs, atLeast = 0 }) => {
    await session.query(makeRow, [pipeline]);
    await session.query(lock, [pipeline]);
    const [held] = (await session.query(select, [pipeline])).rows;
    if (held !== undefined && isHeld(held, owner)) {
      const latest = latestEnd(held);
      if (latest !== null) await session.query(shorten, [pipeline, latest]);
      return null;
    }
    const fence = nextFence(integer(held, 'fence'), atLeast);
    return toLease((await session.query(take, [pipeline, owner, fence, durationMs])).rows[0]);
  };
}

/** Somebody else's lease is still running. */
const isHeld = (row: StoredRow, owner: string): boolean =>
  row['owner'] !== null && row['owner'] !== owner && integer(row, 'expires_at_ms') > integer(row, 'now');

/** When it may end at the latest, if it says later; null: it does not. */
function latestEnd(row: StoredRow): number | null {
  const latest = integer(row, 'now') + integer(row, 'duration_ms');
  return integer(row, 'expires_at_ms') > latest ? latest : null;
}
