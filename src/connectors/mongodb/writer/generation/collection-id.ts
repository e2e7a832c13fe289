import { type Document, UUID } from 'mongodb';
import type { Deployment } from '../../session/deployment.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Its UUID, which no other collection ever has and which renaming does not change; null: there is none of that name. */
export function collectionId(
  deployment: Deployment,
  name: string,
  { signal }: SignalOption,
): Promise<UUID | null> {
  return deployment.run({ signal, collection: name }, async (db) => {
    const [found] = await db.listCollections<Document & { name: string }>({ name }, { signal }).toArray();
    const id: unknown = found?.['info']?.uuid;
    return id instanceof UUID ? id : null;
  });
}

export const isSame = (one: UUID | null | undefined, other: UUID | null | undefined): boolean =>
  one !== null && one !== undefined && other !== null && other !== undefined && one.equals(other);
