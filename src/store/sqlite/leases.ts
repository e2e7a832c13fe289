import type { LeaseStore } from '../../protocol/control-store.ts';
import { nextFence } from '../records/next-fence.ts';
import type { Clock } from './clock.ts';
import type { SqliteDatabase } from './database.ts';
import { toLease } from './records.ts';
import { integer, type StoredRow, text } from './row.ts';

const selectSql = 'SELECT pipeline, owner, fence, duration_ms, expires_at_ms FROM leases WHERE pipeline = ?';
const takeSql = `
  INSERT INTO leases (pipeline, owner, fence, duration_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (pipeline) DO UPDATE SET owner = excluded.owner, fence = excluded.fence,
    duration_ms = excluded.duration_ms, expires_at_ms = excluded.expires_at_ms`;
const renewSql =
  'UPDATE leases SET duration_ms = ?, expires_at_ms = ? WHERE pipeline = ? AND owner = ? AND fence = ?';
const shortenSql = 'UPDATE leases SET expires_at_ms = ? WHERE pipeline = ?';
const releaseSql = 'UPDATE leases SET owner = NULL WHERE pipeline = ? AND owner = ? AND fence = ?';

/**
 * Leases by the wall clock of this host, which all users of the file share. The clock may jump, and nothing but the length of
 * an outage depends on it:
 * - forward: a lease runs out while its owner works. Another takes it, and the owner's next write is refused by its fence.
 * - back: a dead owner's lease would last for as long as the jump. Whoever finds one that ends later than a whole
 *   duration from now shortens it to that.
 * A lease that ran out but that nobody took is still its owner's: `renew` extends it, `get` shows it with its past end.
 */
export function createLeaseStore(database: SqliteDatabase, clock: Clock): LeaseStore {
  const select = database.prepare(selectSql);
  const take = database.prepare(takeSql);
  const renew = database.prepare(renewSql);
  const shorten = database.prepare(shortenSql);
  const release = database.prepare(releaseSql);

  /** Whether somebody else's lease is still running. */
  const isHeld = (held: StoredRow, owner: string, now: number): boolean => {
    if (held.owner === null || held.owner === owner) return false;
    const latest = now + integer(held, 'duration_ms');
    if (integer(held, 'expires_at_ms') > latest) shorten.run(latest, text(held, 'pipeline'));
    return integer(held, 'expires_at_ms') > now;
  };

  return {
    acquire: ({ pipeline, owner, durationMs, atLeast = 0 }) =>
      database.write(() => {
        const now = clock.now();
        const held = select.get(pipeline);
        if (held !== undefined && isHeld(held, owner, now)) return null;
        const fence = nextFence(held === undefined ? 0 : integer(held, 'fence'), atLeast);
        take.run(pipeline, owner, fence, durationMs, now + durationMs);
        return { pipeline, owner, fence, expiresAtMs: now + durationMs };
      }),
    renew: (lease, durationMs) =>
      database.write(() => {
        const expiresAtMs = clock.now() + durationMs;
        const { changes } = renew.run(durationMs, expiresAtMs, lease.pipeline, lease.owner, lease.fence);
        return changes === 1 ? { ...lease, expiresAtMs } : null;
      }),
    release: (lease) =>
      database.write(() => {
        release.run(lease.pipeline, lease.owner, lease.fence);
      }),
    get: (pipeline) => database.read(() => toLease(select.get(pipeline))),
  };
}
