import { ObjectId } from 'mongodb';
import type { GuardStore } from '../../protocol/control-store.ts';
import type { FencedWrite, WriteParts } from './fence.ts';
import { createExtend } from './guard-extend.ts';
import { findHeldKeys, readGuardKeys } from './guard-keys.ts';
import { createRaise } from './guard-raise.ts';
import { dropped, stands } from './guard-states.ts';
import { createSweep } from './guard-sweep.ts';
import { toGuard } from './records.ts';

/**
 * State of a decision: nothing → pending (its keys arrive, page by page) → waiting → approved → dropped (its keys go, page by page) →
 * nothing. Until the step from pending to waiting, which is one transaction, the decision before it stands. Pending and dropped ones count
 * for nothing; what a crash leaves of them goes when the next guard of the pipeline is raised or cleared. One `raise` of a collection at a
 * time. What was approved stays so when the same keys, or some of them, are raised again: somebody may approve while a walk still weighs
 * what it found.
 */
export function createGuardStore(parts: WriteParts, write: FencedWrite): GuardStore {
  const { database } = parts;
  const { guards } = database.collections;
  return {
    raise: createRaise(database, write),
    approve: createApprove(parts),
    list: (pipeline) =>
      database.run(async ({ session }) => {
        const sorted = { session, sort: { collection: 1 } } as const;
        return (await guards.find({ pipeline, ...stands }, sorted).toArray()).map(toGuard);
      }),
    extend: createExtend(database, write),
    keys: readGuardKeys(database),
    holding: findHeldKeys(database),
    clear: createClear(parts, write),
  };
}

/** One document, so no transaction that somebody who dies would leave open. Whose approval it was tells a repeat whether it was its own. */
function createApprove({ database }: WriteParts): GuardStore['approve'] {
  const { guards } = database.collections;
  return (pipeline, collection, approvedAtMs) => {
    const approval = new ObjectId();
    return database.run(async ({ session }) => {
      const { matchedCount } = await guards.updateOne(
        { pipeline, collection, state: 'waiting' },
        { $set: { state: 'approved', approved_at_ms: approvedAtMs, approval } },
        { session },
      );
      if (matchedCount === 1) return true;
      return (await guards.countDocuments({ pipeline, collection, approval }, { session })) === 1;
    });
  };
}

function createClear({ database }: WriteParts, write: FencedWrite): GuardStore['clear'] {
  const { guards } = database.collections;
  const sweep = createSweep(database);
  return async (by, collection, only) => {
    const { pipeline } = by;
    const which =
      only === undefined
        ? { pipeline, collection, state: { $ne: 'dropped' } }
        : { pipeline, collection, state: 'approved', raised_at_ms: only.raisedAtMs };
    const { matchedCount } = await write(by, (session) => guards.updateMany(which, dropped, { session }));
    await sweep(pipeline);
    return matchedCount > 0;
  };
}
