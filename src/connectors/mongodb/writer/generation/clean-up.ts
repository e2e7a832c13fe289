import { MongoServerError } from 'mongodb';
import { reach } from '../../../../protocol/failpoints.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { PreparedStep, WriteOptions } from '../../../../protocol/writer.ts';
import { ownerOf } from '../../kept-names.ts';
import type { Destination } from '../destination.ts';
import { type JournalEntry, readEntries } from './journal.ts';

const namespaceNotFound = 26;

interface SignalOption {
  readonly signal: AbortSignal;
}

/** No two owners ever mean the same collection by one name, so it needs no fence. A repeat finds it gone. */
export async function dropKept(
  { deployment }: Destination,
  { name, signal }: SignalOption & { readonly name: string },
): Promise<void> {
  await deployment.run({ signal, collection: name }, async (db) => {
    try {
      await db.command({ drop: name, writeConcern: { w: 'majority' } }, { signal });
    } catch (thrown) {
      if (!(thrown instanceof MongoServerError && thrown.code === namespaceNotFound)) throw thrown;
    }
  });
}

/** The collections of ours that are there, whatever the journal knows of them. */
export function keptCollections(
  { deployment }: Destination,
  { pipeline, signal }: SignalOption & { readonly pipeline: PipelineName },
): Promise<readonly string[]> {
  return deployment.run({ signal }, async (db) => {
    const named = { name: /^lockstep_[a-z]+\./ };
    const all = await db.listCollections(named, { nameOnly: true, signal }).toArray();
    return all.map(({ name }) => name).filter((name) => ownerOf(name)?.pipeline === pipeline);
  });
}

/**
 * Drops every collection of ours that no generation needs any more: what the journal let go, what died before it got into the journal, what
 * an owner that was overtaken still made. Durable because it looks at what is there: who dies here leaves it to the next. What a newer owner
 * makes is none of our business: we may be the one that was overtaken.
 */
export async function cleanUp(
  destination: Destination,
  { lease: { pipeline, fence }, signal }: WriteOptions,
): Promise<void> {
  const entries = await readEntries(destination, { pipeline, signal });
  if (entries.length === 0) return;
  const needed = new Set(entries.flatMap(neededBy));
  for (const name of await keptCollections(destination, { pipeline, signal })) {
    if (needed.has(name) || (ownerOf(name)?.fence ?? 0) > fence) continue;
    reach('generation.clean.before');
    await dropKept(destination, { name, signal });
    reach('generation.clean.after');
  }
}

function neededBy({ state, collections }: JournalEntry): readonly string[] {
  if (state === 'discarded' || state === 'rolled-back') return [];
  return collections.flatMap(({ staging, backup, kept }) =>
    [staging, backup, kept.rows, kept.leaves, kept.before, kept.came].flatMap((each) =>
      each === null ? [] : [each.name],
    ),
  );
}

/** For `remove`: whatever the journal says. */
export async function dropAllKept(
  destination: Destination,
  { pipeline, signal }: SignalOption & { readonly pipeline: PipelineName },
): Promise<readonly PreparedStep[]> {
  const names = await keptCollections(destination, { pipeline, signal });
  for (const name of names) await dropKept(destination, { name, signal });
  return names.map((name) => ({
    what: `Drop ${name}, which a generation kept`,
    statement: `db.getCollection(${JSON.stringify(name)}).drop()`,
  }));
}
