import { type Binary, type Db, MongoServerError } from 'mongodb';
import type { Lease, LeaseStore } from '../../protocol/control-store.ts';
import { nextFence } from '../records/next-fence.ts';
import { leaseStatementMs, type Within } from './database.ts';
import type { WriteParts } from './fence.ts';
import { leaseAndNow, renewLease, takeLease } from './lease-take.pipeline.ts';
import type { Collections, LeaseDocument } from './names.ts';
import { isSameSession, type PipelineWriter } from './writers.ts';

type Request = Parameters<LeaseStore['acquire']>[0];
type SeenLease = LeaseDocument & { readonly now_ms: number };

const unauthorized = 13;
const tookTooLong = 50;

/**
 * Leases by the clock of the deployment's primary, so that machines whose clocks disagree agree about who has one. That clock may jump too,
 * also when another member becomes primary: forward, a lease runs out while its owner works; back, whoever finds one that ends later than a
 * whole duration from now shortens it to that. A lease that ran out but that nobody took is still its owner's.
 *
 * Each step is one write of one document, and may be repeated when an answer was lost: who asks twice gets a newer fence than the one that
 * nobody heard of.
 */
export function createLeaseStore(parts: WriteParts): LeaseStore {
  const { database, mustBeThere } = parts;
  const { leases } = database.collections;
  return {
    acquire: createAcquire(parts),
    renew: createRenew(parts),
    release: async ({ pipeline, owner, fence }) => {
      await database.lease(({ session }) =>
        database.leases.leases.updateOne(
          { _id: pipeline, owner, fence },
          { $set: { owner: null } },
          { session, maxTimeMS: leaseStatementMs },
        ),
      );
    },
    get: async (pipeline) => {
      const found = await database.run(({ session }) => leases.findOne({ _id: pipeline }, { session }));
      if (found === null) await mustBeThere();
      return toLease(found);
    },
  };
}

function createAcquire({ database, writers, mustBeThere }: WriteParts): LeaseStore['acquire'] {
  const { leases } = database.leases;
  return async (request) => {
    const { pipeline, owner, durationMs, atLeast = 0 } = request;
    const seen = await database.run((within) => look(database.collections.leases, request, within));
    // Whoever stands by asks often: it neither waits for the owner's writes nor keeps them waiting.
    if (seen !== null && isHeld(seen, owner) && !endsTooLate(seen)) return null;
    if (seen === null) await mustBeThere();
    // The server counts; what it could not count is refused here.
    nextFence(seen?.fence ?? 0, atLeast);
    const writer = writers.of(pipeline);
    const after = await database.lease(async (within) => {
      const current = await look(leases, request, within);
      if (current !== null && !isHeld(current, owner))
        await endSessions(database.dbOfLeases, endedBy(writer, current));
      return leases.findOneAndUpdate(
        { _id: pipeline },
        takeLease({ owner, durationMs, atLeast, session: writer.id }),
        { session: within.session, upsert: true, returnDocument: 'after', maxTimeMS: leaseStatementMs },
      );
    });
    if (after?.owner !== owner) return null;
    writer.announced = after.fence;
    return toLease(after);
  };
}

function createRenew({ database, writers, mustBeThere }: WriteParts): LeaseStore['renew'] {
  const { leases } = database.leases;
  return async ({ pipeline, owner, fence }, durationMs) => {
    const renewed = await database.lease(async ({ session }) => {
      try {
        return await leases.findOneAndUpdate({ _id: pipeline, owner, fence }, renewLease(durationMs), {
          session,
          returnDocument: 'after',
          maxTimeMS: leaseStatementMs,
        });
      } catch (thrown) {
        // A transaction of ours that we gave up when its connection was lost may still be open at the server, and in our own way.
        const writer = writers.of(pipeline);
        const isOrphan =
          thrown instanceof MongoServerError && thrown.code === tookTooLong && !writer.isWriting;
        if (isOrphan) await endSessions(database.dbOfLeases, [writer.id]);
        throw thrown;
      }
    });
    if (renewed === null) await mustBeThere();
    return toLease(renewed);
  };
}

async function look(
  leases: Collections['leases'],
  { pipeline }: Request,
  { session }: Within,
): Promise<SeenLease | null> {
  const [found] = await leases
    .aggregate<SeenLease>(leaseAndNow(pipeline), { session, maxTimeMS: leaseStatementMs })
    .toArray();
  return found ?? null;
}

/** Somebody else's lease is still running. */
const isHeld = (lease: SeenLease, owner: string): boolean =>
  lease.owner !== null && lease.owner !== owner && lease.expires_at_ms > lease.now_ms;

const endsTooLate = (lease: SeenLease): boolean => lease.expires_at_ms > lease.now_ms + lease.duration_ms;

const endedBy = ({ id: own, isWriting }: PipelineWriter, { sessions }: LeaseDocument): readonly Binary[] =>
  sessions.map(({ id }) => id).filter((id) => !(isWriting && isSameSession(id, own)));

/**
 * The transaction of an owner that stopped in the middle, or died there, holds the lease's document until the server's own limit, a minute.
 * Everybody may end sessions of his own user. Those of another, with which an older configuration logged in, are waited for.
 */
async function endSessions(db: Db, sessions: readonly Binary[]): Promise<void> {
  if (sessions.length === 0) return;
  try {
    await db.command({ killSessions: sessions.map((id) => ({ id })) });
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError && thrown.code === unauthorized)) throw thrown;
  }
}

function toLease(found: LeaseDocument | null): Lease | null {
  if (found === null || found.owner === null) return null;
  const { _id: pipeline, owner, fence, expires_at_ms: expiresAtMs } = found;
  return { pipeline, owner, fence, expiresAtMs };
}
