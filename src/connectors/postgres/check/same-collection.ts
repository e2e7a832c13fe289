import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import { formatName, parseName } from '../names.ts';

export interface CollectionPlace {
  readonly identity: SourceIdentity;
  readonly collection: CollectionName;
  readonly defaultSchema: string;
}

/** Whether two names are one table: the same history (server and database) and, however spelled, the same name. */
export const isSameCollection = (one: CollectionPlace, other: CollectionPlace): boolean =>
  one.identity.connector === other.identity.connector &&
  one.identity.id === other.identity.id &&
  nameOf(one) === nameOf(other);

const nameOf = ({ collection, defaultSchema }: CollectionPlace): string =>
  formatName(parseName(collection, defaultSchema));
