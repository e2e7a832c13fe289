import type { Change } from '../../protocol/change.ts';
import { isLockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { Key } from '../../protocol/names.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { leaseOf } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';
import { Spool } from '../walk/spool.ts';
import { type DeferredKeys, parkRefused, settleOutcomes, writeChanges } from '../walk/write-rows.ts';
import type { Applied } from './apply-splitting.ts';
import { parkLetters } from './dead-letters.ts';
import { groupByBlockers } from './holders.ts';
import { looseColumns, loosen } from './loosen.ts';
import { readNeeds } from './read-changes.ts';

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
  for await (const page of spool.pages(keysPerPage)) await write(work, await changesOf(work, page), next);
  await spool[Symbol.asyncDispose]();
  return rest.count === 0 ? [] : [next];
}

/** Meanwhile a key may have come to be somebody else's, or its row one that can't be written at all. */
async function changesOf(work: CollectionWork, keys: readonly Key[]): Promise<readonly Change[]> {
  const needs = await readNeeds(work, keys);
  await parkRefused(work, needs);
  return needs.changes;
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
  const { context, target, plan } = work;
  const { signal } = context;
  const options = { lease: leaseOf(context), signal };
  for (const group of await groupByBlockers(work, changes)) {
    try {
      const outcomes = await retrying(context, { what: `write ${plan.name}`, signal }, () =>
        target.applyTogether(group, options),
      );
      await settleOutcomes(work, appliedOf(group, outcomes), next);
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (!isRefusal(error)) throw thrown;
      await next.add(changes.filter((change) => group.includes(change)).map(({ key }) => key));
    }
  }
};

const appliedOf = (changes: readonly Change[], outcomes: readonly Outcome[]): readonly Applied[] =>
  changes.flatMap((change, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? [] : [{ change, outcome }];
  });

/** Nothing could cure these: each is parked with what the destination says of it now. */
async function park(set: DeferredSet): Promise<void> {
  const { work, spool } = set;
  for await (const page of spool.pages(keysPerPage)) {
    for (const change of await changesOf(work, page)) await parkOne(set, change);
  }
  await spool[Symbol.asyncDispose]();
}

async function parkOne(set: DeferredSet, change: Change): Promise<void> {
  const { work } = set;
  const { context, target, plan } = work;
  const options = { lease: leaseOf(context), signal: context.signal };
  try {
    const outcomes = await retrying(context, { what: `write ${plan.name}`, signal: context.signal }, () =>
      target.apply([change], options),
    );
    const [outcome] = outcomes;
    if (outcome?.kind === 'failed') throw outcome.error;
    await settleOutcomes(work, appliedOf([change], outcomes), set);
  } catch (thrown) {
    if (!isLockstepError(thrown) || !isRefusal(thrown)) throw thrown;
    await parkLetters(context, plan.name, [{ key: change.key, code: thrown.code, message: thrown.message }]);
  }
}
