import type { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../../protocol/names.ts';
import type { Target, WriteOptions } from '../../../../../protocol/writer.ts';
import { idElement } from '../../../bson/layout.ts';
import { documentsByKey } from '../../../reader/by-key.ts';
import type { Destination } from '../../destination.ts';
import { writeTransaction } from '../../state/write-transaction.ts';
import { tryWindow } from '../../window/try-window.ts';
import { deletion } from '../../write/statements.ts';
import { write } from '../../write/write.ts';
import {
  collectionIn,
  entryOf,
  type JournalCollection,
  type JournalEntry,
  type KeptCollection,
  keepEntry,
  withCollection,
} from '../journal.ts';
import { changesOf } from './kept-rows.ts';
import { openShares, type Share } from './share.ts';

export interface Refused {
  readonly target: Target;
  readonly key: Key;
  readonly error: LockstepError;
}

/** What the destination refuses is found in transactions that are taken back, and taken out of what was put aside. */
export async function siftDifferences(
  destination: Destination,
  entry: JournalEntry,
  { targets, options }: { readonly targets: readonly Target[]; readonly options: WriteOptions },
): Promise<readonly Refused[]> {
  const shares = await openShares(destination, entry, { targets, signal: options.signal });
  const parts = shares.map((share) => ({ target: share.target, changes: changesOf(share.staged) }));
  const tried = await tryWindow(destination, { parts }, options);
  const refused = parts.flatMap(({ target, changes }, part) =>
    changes.flatMap(({ key }, index): readonly Refused[] => {
      const outcome = tried[part]?.[index];
      return outcome?.kind === 'failed' ? [{ target, key, error: outcome.error }] : [];
    }),
  );
  for (const share of shares) {
    const keys = refused.filter(({ target }) => target === share.target).map(({ key }) => key);
    if (keys.length > 0)
      await takeOut(destination, share, { ...options, keys, generation: entry._id.number });
  }
  return refused;
}

async function takeOut(
  destination: Destination,
  { each, model }: Share,
  {
    keys,
    generation,
    ...options
  }: WriteOptions & { readonly keys: readonly Key[]; readonly generation: number },
): Promise<void> {
  const { deployment } = destination;
  const { lease, signal } = options;
  await writeTransaction(destination, options, async (session) => {
    const from = async (kept: KeptCollection | null): Promise<number> => {
      if (kept === null) return 0;
      const into = { deployment, model: { ...model, collection: kept.name }, session, signal };
      const found = await documentsByKey(deployment, {
        collection: kept.name,
        keys,
        session,
        signal,
      });
      return await write(
        into,
        'delete',
        [...found.values()].map((document) => deletion(idElement(document))),
      );
    };
    const [rows, leaving] = [await from(each.kept.rows), await from(each.kept.leaves)];
    const found = await entryOf(destination, generation, { pipeline: lease.pipeline, signal, session });
    const now = collectionIn(found, each.collection);
    const less: JournalCollection = { ...now, rows: now.rows - rows, leaving: now.leaving - leaving };
    await keepEntry(destination, withCollection(found, less), session);
  });
}
