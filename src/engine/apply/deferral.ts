import type { Change } from '../../protocol/change.ts';
import { isLockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { leaseOf } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';
import { Spool } from '../walk/spool.ts';
import { type DeferredKeys, writeChanges } from '../walk/write-rows.ts';
import { parkLetters } from './dead-letters.ts';
import { groupByBlockers } from './holders.ts';
import { looseColumns, loosen } from './loosen.ts';
import { readChanges } from './read-changes.ts';

const keysPerPage = 200;

/** One collection's deferred keys. */
export interface DeferredSet extends DeferredKeys {
  readonly work: CollectionWork;
  readonly spool: Spool;
}

/**
 * Cures what other keys blocked, once everything else is written, in rounds over all collections as long as a round helps: each key
 * alone, which cures what waited for other collections and for rows that left; where that cures less than half, those that block each
 * other together (a chain of a thousand keys would else take a thousand rounds). Then circles through several collections are broken
 * where a reference may be null, and the rounds begin again. What is left is parked.
 */
export async function cureDeferred(sets: readonly DeferredSet[], guarded: Guarded): Promise<void> {
  let open: readonly DeferredSet[] = sets.filter(({ spool }) => spool.count > 0);
  const round = async (write: WriteStep): Promise<readonly DeferredSet[]> => {
    const next: DeferredSet[] = [];
    for (const set of open)
      await guarded(set.work.plan.name, async () => {
        next.push(...(await tryAgain(set, write)));
      });
    return next;
  };
  const untilNothingHelps = async (): Promise<void> => {
    let before = Number.POSITIVE_INFINITY;
    while (open.length > 0 && total(open) < before) {
      before = total(open);
      open = await round(writeAlone);
      if (total(open) > before / 2) open = await round(writeTogether);
    }
  };
  await untilNothingHelps();
  if (open.some(({ work }) => looseColumns(work.plan).length > 0)) {
    open = await round(writeLoosened);
    await untilNothingHelps();
  }
  for (const set of open) await guarded(set.work.plan.name, () => park(set));
}

/** Runs work of one collection; its own fault ends the collection and not the others. */
type Guarded = (collection: string, work: () => Promise<void>) => Promise<void>;

const total = (sets: readonly DeferredSet[]): number => sets.reduce((sum, { spool }) => sum + spool.count, 0);

type WriteStep = (work: CollectionWork, changes: readonly Change[], next: DeferredKeys) => Promise<void>;

/** Reads the keys again and writes what they need now; those that are refused again are the next set, if there are any. */
async function tryAgain({ work, spool }: DeferredSet, write: WriteStep): Promise<readonly DeferredSet[]> {
  const rest = await Spool.create(work.context.spillDirectory);
  const next: DeferredSet = { work, spool: rest, add: (keys) => rest.add(keys) };
  for await (const page of spool.pages(keysPerPage)) await write(work, await readChanges(work, page), next);
  await spool[Symbol.asyncDispose]();
  return rest.count === 0 ? [] : [next];
}

const writeAlone: WriteStep = (work, changes, deferred) =>
  writeChanges(work, changes, { deferred, signal: work.context.signal });

/** All keys stay for the rounds that follow. */
const writeLoosened: WriteStep = async (work, changes, next) => {
  await loosen(work, changes);
  await next.add(changes.map(({ key }) => key));
};

/** Keys whose values are held by each other change places in one transaction, group by group. */
const writeTogether: WriteStep = async (work, changes, next) => {
  const { context, target, tally, plan } = work;
  const { signal } = context;
  const options = { lease: leaseOf(context), signal };
  for (const group of await groupByBlockers(work, changes)) {
    try {
      const outcomes = await retrying(context, { what: `write ${plan.name}`, signal }, () =>
        target.applyTogether(group, options),
      );
      for (const { kind } of outcomes) tally.addOutcome(kind);
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (!isRefusal(error)) throw thrown;
      await next.add(changes.filter((change) => group.includes(change)).map(({ key }) => key));
    }
  }
};

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
    if (!isLockstepError(thrown) || !isRefusal(thrown)) throw thrown;
    await parkLetters(context, plan.name, [{ key: change.key, code: thrown.code, message: thrown.message }]);
  }
}
