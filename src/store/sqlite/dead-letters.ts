import {
  type DeadLetterStore,
  type LetterState,
  type NewLetter,
  type SealedHead,
  sealedHeadBytes,
} from '../../protocol/control-store.ts';
import type { Key, PipelineName } from '../../protocol/names.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { toLetter } from './records.ts';
import { bytesOrNull, integer, type StoredRow, text } from './row.ts';

/** A parked letter stays parked; of a deferred one the first `until` stays, so that failing again does not put its end off. */
const putSql = `
  INSERT INTO dead_letters (pipeline, collection, key, code, message, attempts, first_failed_at_ms,
    last_failed_at_ms, state, until, sealed)
  VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6, ?7, iif(?7 = 'parked', NULL, ?8), ?9)
  ON CONFLICT (pipeline, collection, key) DO UPDATE SET code = excluded.code, message = excluded.message,
    attempts = attempts + 1, last_failed_at_ms = excluded.last_failed_at_ms, sealed = excluded.sealed,
    state = iif(state = 'parked', 'parked', excluded.state),
    until = iif(state = 'parked' OR excluded.state = 'parked', NULL, coalesce(until, excluded.until))`;
/** Kept apart from the letters: it stays when they are resolved. */
const rememberNewestSql = `
  INSERT INTO newest_letters SELECT ?1, max(id) FROM dead_letters WHERE pipeline = ?1 HAVING max(id) IS NOT NULL
  ON CONFLICT (pipeline) DO UPDATE SET id = max(id, excluded.id)`;
const newestSql = 'SELECT id FROM newest_letters WHERE pipeline = ?';
const resolveSql = `
  DELETE FROM dead_letters
  WHERE pipeline = ? AND collection = ? AND key IN (SELECT value FROM json_each(?))`;
/** In two, so that each is answered from its index. */
const countSql =
  "SELECT count(*) AS letters FROM dead_letters WHERE pipeline = ?1 AND (?2 = 'any' OR state = ?2)";
const countOfCollectionSql = `
  SELECT count(*) AS letters FROM dead_letters
  WHERE pipeline = ?1 AND collection = ?3 AND (?2 = 'any' OR state = ?2)`;
const listSql = `
  SELECT * FROM dead_letters
  WHERE pipeline = ?1 AND id > ?2 AND (?3 IS NULL OR collection = ?3) AND (?5 IS NULL OR state = ?5)
  ORDER BY id LIMIT ?4`;
const getSql = 'SELECT * FROM dead_letters WHERE pipeline = ? AND id = ?';
const havingSql = `
  SELECT key FROM dead_letters
  WHERE pipeline = ? AND collection = ? AND key IN (SELECT value FROM json_each(?))`;

/** By the index on (pipeline, id). */
const listSealedSql = `
  SELECT pipeline, id, substr(sealed, 1, ${sealedHeadBytes}) AS head FROM dead_letters
  WHERE (pipeline, id) > (?1, ?2) AND sealed IS NOT NULL
  ORDER BY pipeline, id LIMIT ?3`;
const resealSql = 'UPDATE dead_letters SET sealed = ? WHERE pipeline = ? AND id = ? AND sealed = ?';

export function createDeadLetterStore(database: SqliteDatabase, write: FencedWrite): DeadLetterStore {
  const putWithin = createPut(database);
  const resolve = database.prepare(resolveSql);
  return {
    put: (by, letters, limit) => write(by, () => ({ full: !putWithin(by.pipeline, letters, limit) })),
    resolve: (by, collection, keys) =>
      write(by, () => Number(resolve.run(by.pipeline, collection, JSON.stringify(keys)).changes)),
    ...createQueries(database),
    ...createSealing(database),
  };
}

type Sealing = Pick<DeadLetterStore, 'listSealed' | 'reseal'>;

function createSealing(database: SqliteDatabase): Sealing {
  const list = database.prepare(listSealedSql);
  const reseal = database.prepare(resealSql);
  return {
    listSealed: ({ after = { pipeline: '', id: 0 }, limit }) =>
      database.read(() => list.all(after.pipeline, after.id, limit).map(toSealedHead)),
    reseal: (changes) =>
      database.write(() => {
        const done = changes.map(({ pipeline, id, was, sealed }) => reseal.run(sealed, pipeline, id, was));
        return done.reduce((sum, each) => sum + Number(each.changes), 0);
      }),
  };
}

const toSealedHead = (row: StoredRow): SealedHead => ({
  pipeline: text(row, 'pipeline'),
  id: integer(row, 'id'),
  head: bytesOrNull(row, 'head') ?? new Uint8Array(),
});

function createQueries(database: SqliteDatabase): Omit<DeadLetterStore, 'put' | 'resolve' | keyof Sealing> {
  const countLetters = createCount(database);
  const list = database.prepare(listSql);
  const get = database.prepare(getSql);
  const newest = database.prepare(newestSql);
  const having = database.prepare(havingSql);
  return {
    count: (pipeline, collection, state = 'parked') =>
      database.read(() => countLetters(pipeline, collection, state)),
    list: (pipeline, { collection = null, afterId = 0, limit, state = null }) =>
      database.read(() => list.all(pipeline, afterId, collection, limit, state).map(toLetter)),
    get: (pipeline, id) =>
      database.read(() => {
        const row = get.get(pipeline, id);
        return row === undefined ? null : toLetter(row);
      }),
    newest: (pipeline) =>
      database.read(() => {
        const row = newest.get(pipeline);
        return row === undefined ? 0 : integer(row, 'id');
      }),
    having: (pipeline, collection, keys) =>
      database.read(() => {
        const rows = having.all(pipeline, collection, JSON.stringify(keys));
        return new Set<Key>(rows.map((row) => text(row, 'key')));
      }),
  };
}

type Count = (pipeline: PipelineName, collection: string | undefined, state: LetterState | 'any') => number;

function createCount(database: SqliteDatabase): Count {
  const ofAll = database.prepare(countSql);
  const ofOne = database.prepare(countOfCollectionSql);
  return (pipeline, collection, state) => {
    const row =
      collection === undefined ? ofAll.get(pipeline, state) : ofOne.get(pipeline, state, collection);
    return integer(row ?? {}, 'letters');
  };
}

/** Part of a transaction: writes all letters, or none (false) when a collection would have more than `limit`, of every state. */
function createPut(
  database: SqliteDatabase,
): (pipeline: PipelineName, letters: readonly NewLetter[], limit: number) => boolean {
  const put = database.prepare(putSql);
  const rememberNewest = database.prepare(rememberNewestSql);
  const countLetters = createCount(database);

  return (pipeline, letters, limit) => {
    database.execute('SAVEPOINT letters');
    for (const letter of letters) {
      const { collection, key, code, message, failedAtMs, state = 'parked' } = letter;
      const { until = null, sealed = null } = letter;
      put.run(pipeline, collection, key, code, message, failedAtMs, state, until, sealed);
    }
    rememberNewest.run(pipeline);
    const collections = new Set(letters.map((letter) => letter.collection));
    const isWithin = [...collections].every(
      (collection) => countLetters(pipeline, collection, 'any') <= limit,
    );
    database.execute(isWithin ? 'RELEASE letters' : 'ROLLBACK TO letters; RELEASE letters');
    return isWithin;
  };
}
