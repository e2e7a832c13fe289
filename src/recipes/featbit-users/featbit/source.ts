import type { MongodbDatabase } from '../../../index.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Bitsacco's users. */
export interface Source {
  readonly database: MongodbDatabase;
  readonly collection: string;
}

/** Which of these ids a user of Bitsacco has. */
export async function idsAtSource(
  { database, collection }: Source,
  ids: readonly string[],
  options: SignalOption,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const command = {
    find: collection,
    filter: { _id: { $in: [...ids] } },
    projection: { _id: 1 },
    readConcern: { level: 'majority' },
  };
  for await (const { _id: id } of database.documents(command, options)) found.add(String(id));
  return found;
}

export async function countUsers({ database, collection }: Source, options: SignalOption): Promise<number> {
  const command = { aggregate: collection, pipeline: [{ $count: 'users' }], cursor: {} };
  for await (const { users } of database.documents(command, options)) return Number(users);
  return 0;
}
