import type { ClientSession } from 'mongodb';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { RefusedPiece, TakeOutRequest } from '../../../../../protocol/generation.ts';
import type { Key } from '../../../../../protocol/names.ts';
import type { Target, WriteOptions } from '../../../../../protocol/writer.ts';
import { idElement } from '../../../bson/elements.ts';
import { documentsByKey } from '../../../reader/by-key.ts';
import type { Destination } from '../../destination.ts';
import { writeTransaction } from '../../state/write-transaction.ts';
import { tryWindow } from '../../window/try-window.ts';
import { deletion } from '../../write/statements.ts';
import { write } from '../../write/write.ts';
import {
  entryOf,
  type JournalCollection,
  type JournalEntry,
  type KeptCollection,
  keepEntry,
  unfit,
} from '../journal.ts';
import { modelOf } from '../model-of.ts';
import { changesOf } from './kept-rows.ts';
import { openShares } from './share.ts';

/** What the destination refuses is found in transactions that are taken back. */
export async function siftDifferences(
  destination: Destination,
  entry: JournalEntry,
  { targets, options }: { readonly targets: readonly Target[]; readonly options: WriteOptions },
): Promise<readonly RefusedPiece[]> {
  const shares = await openShares(destination, entry, { targets, signal: options.signal });
  const parts = shares.map((share) => ({ target: share.target, changes: changesOf(share.staged) }));
  const tried = await tryWindow(destination, { parts }, options);
  return parts.flatMap(({ target, changes }, part) =>
    changes.flatMap(({ key }, index): readonly RefusedPiece[] => {
      const outcome = tried[part]?.[index];
      return outcome?.kind === 'failed' ? [{ target, key, error: outcome.error }] : [];
    }),
  );
}

/** Of all collections at once, so that a repeat finds all of it or nothing done. */
export async function takeOutDifferences(
  destination: Destination,
  { id, refused, options }: TakeOutRequest,
): Promise<void> {
  const { lease, signal } = options;
  const byTarget = Map.groupBy(refused, ({ target }) => target);
  await writeTransaction(destination, options, async (session) => {
    const entry = await entryOf(destination, id, { pipeline: lease.pipeline, signal, session });
    if (entry.state !== 'staged') throw unfit(id, `it is ${entry.state}`);
    const less = new Map<string, JournalCollection>();
    for (const [target, pieces] of byTarget) {
      const each = entry.collections.find(({ collection }) => collection === target.plan.name);
      const keys = pieces.flatMap(({ key }) => key ?? []);
      if (each !== undefined)
        less.set(each.collection, await dropKeys(destination, { each, target, keys, session, signal }));
    }
    const collections = entry.collections.map((each) => less.get(each.collection) ?? each);
    await keepEntry(destination, { ...entry, collections }, session);
    reach('generation.take-out.before-commit');
  });
  reach('generation.take-out.after-commit');
}

interface Dropping {
  readonly each: JournalCollection;
  readonly target: Target;
  readonly keys: readonly Key[];
  readonly session: ClientSession;
  readonly signal: AbortSignal;
}

/** As the journal then has it. */
async function dropKeys(
  { deployment }: Destination,
  { each, target, keys, session, signal }: Dropping,
): Promise<JournalCollection> {
  const model = modelOf(target);
  const from = async (kept: KeptCollection | null): Promise<number> => {
    if (kept === null) return 0;
    const into = { deployment, model: { ...model, collection: kept.name }, session, signal };
    const found = await documentsByKey(deployment, { collection: kept.name, keys, session, signal });
    const deletions = [...found.values()].map((document) => deletion(idElement(document)));
    return await write(into, 'delete', deletions);
  };
  const [rows, leaving] = [await from(each.kept.rows), await from(each.kept.leaves)];
  return { ...each, rows: each.rows - rows, leaving: each.leaving - leaving };
}
