import { type DeadLetterStore, type SealedHead, sealedHeadBytes } from '../../protocol/control-store.ts';
import type { PostgresDatabase } from './database.ts';
import type { Tables } from './names.ts';
import { bytesOrNull, integer, type StoredRow, text } from './row.ts';

/** By the index on (pipeline, id). */
const listSql = ({ deadLetters }: Tables) => `
  SELECT pipeline, id, substr(sealed, 1, ${sealedHeadBytes}) AS head FROM ${deadLetters}
  WHERE (pipeline, id) > ($1, $2) AND sealed IS NOT NULL
  ORDER BY pipeline, id LIMIT $3`;
const resealSql = ({ deadLetters }: Tables) => `
  UPDATE ${deadLetters} AS letters SET sealed = changes.sealed
  FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[]) AS changes (pipeline, id, was, sealed)
  WHERE letters.pipeline = changes.pipeline AND letters.id = changes.id AND letters.sealed = changes.was`;

/** What the verbs about secrets need of the letters. */
export function createSealing(database: PostgresDatabase): Pick<DeadLetterStore, 'listSealed' | 'reseal'> {
  const [list, reseal] = [listSql(database.tables), resealSql(database.tables)];
  return {
    listSealed: ({ after = { pipeline: '', id: 0 }, limit }) =>
      database.read(async (session) => {
        const { rows } = await session.query(list, [after.pipeline, after.id, limit]);
        return rows.map(toHead);
      }),
    reseal: (changes) =>
      database.write(async (session) => {
        const columns = [
          changes.map(({ pipeline }) => pipeline),
          changes.map(({ id }) => id),
          changes.map(({ was }) => was),
          changes.map(({ sealed }) => sealed),
        ];
        return (await session.query(reseal, columns)).count;
      }),
  };
}

const toHead = (row: StoredRow): SealedHead => ({
  pipeline: text(row, 'pipeline'),
  id: integer(row, 'id'),
  head: bytesOrNull(row, 'head') ?? new Uint8Array(),
});
