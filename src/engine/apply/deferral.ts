import type { Change } from '../../protocol/change.ts';
import { isLockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { type Confirmed, confirm } from '../walk/confirm.ts';
import { leaseOf } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';
import { Spool } from '../walk/spool.ts';
import { type DeferredKeys, writeChanges } from '../walk/write-rows.ts';
import { parkLetters } from './dead-letters.ts';
import { groupByHolders } from './holders.ts';

const keysPerPage = 200;

/** One collection's deferred keys. */
export interface DeferredSet extends DeferredKeys {
  readonly work: CollectionWork;
  readonly spool: Spool;
}

/**
 * Cures what other keys blocked, once everything else is written: rounds over all collections as long as a round helps; then those that
 * block each other, together; what is left is parked.
 */
export async function cureDeferred(sets: readonly DeferredSet[]): Promise<void> {
  let open: readonly DeferredSet[] = sets.filter(({ spool }) => spool.count > 0);
  let before = Number.POSITIVE_INFINITY;
  while (open.length > 0 && total(open) < before) {
    before = total(open);
    open = await mapInOrder(open, (set) =>
      tryAgain(set, (work, changes, next) =>
        writeChanges(work, changes, { deferred: next, signal: work.context.signal }),
      ),
    );
  }
  open = await mapInOrder(open, (set) => tryAgain(set, writeTogether));
  for (const set of open) await park(set);
}

const total = (sets: readonly DeferredSet[]): number => sets.reduce((sum, { spool }) => sum + spool.count, 0);

async function mapInOrder(
  sets: readonly DeferredSet[],
  step: (set: DeferredSet) => Promise<DeferredSet>,
): Promise<readonly DeferredSet[]> {
  const next: DeferredSet[] = [];
  for (const set of sets) next.push(await step(set));
  return next.filter(({ spool }) => spool.count > 0);
}

type WriteStep = (work: CollectionWork, changes: readonly Change[], next: DeferredKeys) => Promise<void>;

/** Reads the keys again and writes what they need now; those that are refused again are the next set. */
async function tryAgain(set: DeferredSet, write: WriteStep): Promise<DeferredSet> {
  const { work, spool } = set;
  const rest = await Spool.create(work.context.spillDirectory);
  const next: DeferredSet = { work, spool: rest, add: (keys) => rest.add(keys) };
  for await (const page of spool.pages(keysPerPage)) await write(work, await readChanges(work, page), next);
  await spool[Symbol.asyncDispose]();
  return next;
}

async function readChanges(work: CollectionWork, keys: readonly Key[]): Promise<readonly Change[]> {
  const { signal } = work.context;
  const unique = [...new Set(keys)];
  const confirmed = await retrying(work.context, { what: `read ${work.plan.name}`, signal }, () =>
    confirm(work, unique, signal),
  );
  return toChanges(confirmed);
}

const toChanges = ({ missing, different, extra }: Confirmed): readonly Change[] => [
  ...[...missing, ...different].map(({ key, row }): Change => ({ kind: 'upsert', key, row })),
  ...extra.map((key): Change => ({ kind: 'leave', key })),
];

/** Keys whose values are held by each other change places in one transaction, group by group. */
async function writeTogether(
  work: CollectionWork,
  changes: readonly Change[],
  next: DeferredKeys,
): Promise<void> {
  const { context, target, tally, plan } = work;
  const options = { lease: leaseOf(context), signal: context.signal };
  for (const group of await groupByHolders(work, changes)) {
    try {
      const outcomes = await retrying(context, { what: `write ${plan.name}`, signal: context.signal }, () =>
        target.applyTogether(group, options),
      );
      for (const { kind } of outcomes) tally.addOutcome(kind);
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class !== 'deferred' && error.class !== 'change') throw thrown;
      await next.add(group.map(({ key }) => key));
    }
  }
}

/** Nothing could cure these: each is parked with what the destination says of it now. */
async function park(set: DeferredSet): Promise<void> {
  const { work, spool } = set;
  for await (const page of spool.pages(keysPerPage)) {
    for (const change of await readChanges(work, page)) await parkOne(work, change);
  }
  await spool[Symbol.asyncDispose]();
}

async function parkOne(work: CollectionWork, change: Change): Promise<void> {
  const { context, target, plan, tally } = work;
  const options = { lease: leaseOf(context), signal: context.signal };
  try {
    const [outcome] = await retrying(context, { what: `write ${plan.name}`, signal: context.signal }, () =>
      target.apply([change], options),
    );
    if (outcome !== undefined) tally.addOutcome(outcome.kind);
  } catch (thrown) {
    if (!isLockstepError(thrown) || (thrown.class !== 'deferred' && thrown.class !== 'change')) throw thrown;
    await parkLetters(context, plan.name, [{ key: change.key, code: thrown.code, message: thrown.message }]);
  }
}
