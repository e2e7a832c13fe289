import type { FencedBy, NewLetter } from '../../protocol/control-store.ts';
import { digestOf } from './digest.ts';
import type { Tables } from './names.ts';
import { integer, type Parameter, sentence } from './row.ts';
import type { StoreSession } from './session.ts';

/**
 * In the order of the letters, so that their numbers grow with it. A parked letter stays parked; of a deferred one the first `until` stays,
 * so that failing again does not put its end off.
 */
const putSql = ({ deadLetters }: Tables) => `
  INSERT INTO ${deadLetters} AS kept (pipeline, collection, key, digest, code, message, attempts, first_failed_at_ms,
    last_failed_at_ms, state, until, sealed)
  SELECT $1, collection, key, digest, code, message, 1, failed_at_ms, failed_at_ms, state,
    CASE WHEN state = 'parked' THEN NULL ELSE until END, sealed
  FROM unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::int8[], $8::text[], $9::text[], $10::bytea[])
    WITH ORDINALITY AS letter (collection, key, digest, code, message, failed_at_ms, state, until, sealed, place)
  ORDER BY place
  ON CONFLICT (pipeline, collection, digest) DO UPDATE SET code = excluded.code, message = excluded.message,
    attempts = kept.attempts + 1, last_failed_at_ms = excluded.last_failed_at_ms, sealed = excluded.sealed,
    state = CASE WHEN kept.state = 'parked' THEN 'parked' ELSE excluded.state END,
    until = CASE WHEN kept.state = 'parked' OR excluded.state = 'parked' THEN NULL
      ELSE coalesce(kept.until, excluded.until) END`;
/** Kept apart from the letters: it stays when they are resolved. */
const rememberNewestSql = ({ deadLetters, newestLetters }: Tables) => `
  INSERT INTO ${newestLetters} AS kept
  SELECT $1, max(id) FROM ${deadLetters} WHERE pipeline = $1 HAVING max(id) IS NOT NULL
  ON CONFLICT (pipeline) DO UPDATE SET id = greatest(kept.id, excluded.id)`;
const overSql = ({ deadLetters }: Tables) => `
  SELECT coalesce(max(letters), 0) AS most FROM (
    SELECT count(*) AS letters FROM ${deadLetters}
    WHERE pipeline = $1 AND collection = ANY ($2::text[]) GROUP BY collection) AS counted`;

/** What one statement takes. */
const lettersPerStatement = 1_000;

export type Put = (
  session: StoreSession,
  letters: { readonly by: FencedBy; readonly letters: readonly NewLetter[]; readonly limit: number },
) => Promise<boolean>;

/** Part of a transaction: writes all letters, or none (false) when a collection would have more than `limit`, of every state. */
export function createPut(tables: Tables): Put {
  const put = putSql(tables);
  const rememberNewest = rememberNewestSql(tables);
  const over = overSql(tables);
  return async (session, { by: { pipeline }, letters, limit }) => {
    await session.execute('SAVEPOINT letters');
    for (const portion of portionsOf(letters)) await session.query(put, [pipeline, ...columnsOf(portion)]);
    await session.query(rememberNewest, [pipeline]);
    const collections = [...new Set(letters.map(({ collection }) => collection))];
    const { rows } = await session.query(over, [pipeline, collections]);
    const isWithin = integer(rows[0], 'most') <= limit;
    await session.execute(isWithin ? 'RELEASE letters' : 'ROLLBACK TO letters; RELEASE letters');
    return isWithin;
  };
}

/** No key is twice in one: a statement can't renew what it has just written. */
function portionsOf(letters: readonly NewLetter[]): readonly (readonly NewLetter[])[] {
  const portions: NewLetter[][] = [];
  let seen = new Set<string>();
  for (const letter of letters) {
    const name = JSON.stringify([letter.collection, letter.key]);
    const current = portions.at(-1);
    if (current === undefined || current.length >= lettersPerStatement || seen.has(name)) {
      portions.push([letter]);
      seen = new Set([name]);
    } else {
      current.push(letter);
      seen.add(name);
    }
  }
  return portions;
}

const columnsOf = (letters: readonly NewLetter[]): readonly Parameter[] => [
  letters.map(({ collection }) => collection),
  letters.map(({ key }) => key),
  letters.map(({ key }) => digestOf(key)),
  letters.map(({ code }) => code),
  letters.map(({ message }) => sentence(message)),
  letters.map(({ failedAtMs }) => failedAtMs),
  letters.map(({ state = 'parked' }) => state),
  letters.map(({ until = null }) => until),
  letters.map(({ sealed = null }) => sealed),
];
