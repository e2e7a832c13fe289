import type { DeadLetter, DeadLetterStore } from '../../protocol/control-store.ts';
import { catalogue, type ErrorCode } from '../../protocol/errors/catalogue.ts';
import type { Key, PipelineName } from '../../protocol/names.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { integer, type StoredRow, text } from './row.ts';

type NewLetter = Parameters<DeadLetterStore['put']>[1][number];

const putSql = `
  INSERT INTO dead_letters
    (pipeline, collection, key, code, message, attempts, first_failed_at_ms, last_failed_at_ms)
  VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6)
  ON CONFLICT (pipeline, collection, key) DO UPDATE SET code = excluded.code, message = excluded.message,
    attempts = attempts + 1, last_failed_at_ms = excluded.last_failed_at_ms`;
const resolveSql = `
  DELETE FROM dead_letters
  WHERE pipeline = ? AND collection = ? AND key IN (SELECT value FROM json_each(?))`;
const countSql = 'SELECT count(*) AS letters FROM dead_letters WHERE pipeline = ?';
const countOfCollectionSql =
  'SELECT count(*) AS letters FROM dead_letters WHERE pipeline = ? AND collection = ?';
const listSql = `
  SELECT * FROM dead_letters
  WHERE pipeline = ?1 AND id > ?2 AND (?3 IS NULL OR collection = ?3)
  ORDER BY id LIMIT ?4`;
const havingSql = `
  SELECT key FROM dead_letters
  WHERE pipeline = ? AND collection = ? AND key IN (SELECT value FROM json_each(?))`;

export function createDeadLetterStore(database: SqliteDatabase, write: FencedWrite): DeadLetterStore {
  const putWithin = createPut(database);
  const resolve = database.prepare(resolveSql);
  const count = database.prepare(countSql);
  const countOfCollection = database.prepare(countOfCollectionSql);
  const list = database.prepare(listSql);
  const having = database.prepare(havingSql);

  return {
    put: (by, letters, limit) => write(by, () => ({ full: !putWithin(by.pipeline, letters, limit) })),
    resolve: (by, collection, keys) =>
      write(by, () => Number(resolve.run(by.pipeline, collection, JSON.stringify(keys)).changes)),
    count: (pipeline, collection) =>
      database.read(() => {
        const row =
          collection === undefined ? count.get(pipeline) : countOfCollection.get(pipeline, collection);
        return integer(row ?? {}, 'letters');
      }),
    list: (pipeline, { collection, afterId = 0, limit }) =>
      database.read(() => list.all(pipeline, afterId, collection ?? null, limit).map(toLetter)),
    having: (pipeline, collection, keys) =>
      database.read(() => {
        const rows = having.all(pipeline, collection, JSON.stringify(keys));
        return new Set<Key>(rows.map((row) => text(row, 'key')));
      }),
  };
}

/** Part of a transaction: writes all letters, or none (false) when a collection would have more than `limit`. */
function createPut(
  database: SqliteDatabase,
): (pipeline: PipelineName, letters: readonly NewLetter[], limit: number) => boolean {
  const put = database.prepare(putSql);
  const count = database.prepare(countOfCollectionSql);

  return (pipeline, letters, limit) => {
    database.execute('SAVEPOINT letters');
    for (const { collection, key, code, message, failedAtMs } of letters) {
      put.run(pipeline, collection, key, code, message, failedAtMs);
    }
    const collections = new Set(letters.map((letter) => letter.collection));
    const isWithin = [...collections].every(
      (collection) => integer(count.get(pipeline, collection) ?? {}, 'letters') <= limit,
    );
    database.execute(isWithin ? 'RELEASE letters' : 'ROLLBACK TO letters; RELEASE letters');
    return isWithin;
  };
}

function toLetter(row: StoredRow): DeadLetter {
  const code = text(row, 'code');
  return {
    id: integer(row, 'id'),
    pipeline: text(row, 'pipeline'),
    collection: text(row, 'collection'),
    key: text(row, 'key'),
    code: isErrorCode(code) ? code : 'internal',
    message: text(row, 'message'),
    attempts: integer(row, 'attempts'),
    firstFailedAtMs: integer(row, 'first_failed_at_ms'),
    lastFailedAtMs: integer(row, 'last_failed_at_ms'),
  };
}

/** A code that an older Lockstep stored may have been retired since. */
const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(catalogue, code);
