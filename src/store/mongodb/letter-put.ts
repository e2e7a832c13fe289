import { createHash } from 'node:crypto';
import { type AnyBulkWriteOperation, Binary, type ClientSession } from 'mongodb';
import {
  type FencedBy,
  type LetterState,
  type NewLetter,
  sealedHeadBytes,
} from '../../protocol/control-store.ts';
import type { Collections, StoredDocument } from './names.ts';
import { nextNumber } from './numbers.ts';
import { portionsOf } from './portions.ts';
import { integer, oneOf, text, textOrNull } from './row.ts';

export interface LettersToPut {
  readonly by: FencedBy;
  readonly letters: readonly NewLetter[];
  readonly limit: number;
}

export type Put = (session: ClientSession, letters: LettersToPut) => Promise<boolean>;

/** Part of a fenced transaction: writes all letters, or none (false) when a collection would have more than `limit`, of every state. */
export function createPut({ deadLetters, leases }: Collections): Put {
  return async (session, { by: { pipeline }, letters, limit }) => {
    const known = await findKnown(deadLetters, { pipeline, letters, session });
    const { renewed, fresh } = merge(letters, known);
    for (const collection of new Set(letters.map((letter) => letter.collection))) {
      const kept = await deadLetters.countDocuments({ pipeline, collection }, { session });
      const added = fresh.filter((letter) => letter.collection === collection).length;
      if (kept + added > limit) return false;
    }
    const statements: AnyBulkWriteOperation<StoredDocument>[] = renewed.map(({ id, ...letter }) => ({
      updateOne: { filter: { pipeline, id }, update: { $set: letter } },
    }));
    if (fresh.length > 0) {
      const count = fresh.length;
      const first = await nextNumber(leases, { pipeline, of: 'letters', count, session });
      fresh.forEach((letter, index) => {
        statements.push({ insertOne: { document: { ...letter, pipeline, id: first + index } } });
      });
      const newest = { newest_letter: first + count - 1 };
      await leases.updateOne({ _id: pipeline }, { $set: newest }, { session });
    }
    if (statements.length > 0) await deadLetters.bulkWrite(statements, { session });
    return true;
  };
}

/** What a letter says that is put, by the columns in which it is kept. */
interface Content {
  readonly collection: string;
  readonly key: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly first_failed_at_ms: number;
  readonly last_failed_at_ms: number;
  readonly state: LetterState;
  readonly until: string | null;
  readonly sealed: Binary | null;
  /** The first bytes of it: a query can't cut them off. */
  readonly sealed_head: Binary | null;
  /** SHA-256 of it: what is asked about it need not carry the row. */
  readonly sealed_digest: Binary | null;
}

type Standing = Pick<Content, 'attempts' | 'first_failed_at_ms' | 'state' | 'until'> & {
  /** Null: it gets one in this transaction. */
  readonly id: number | null;
};

const nameOf = (collection: string, key: string): string => JSON.stringify([collection, key]);

/** In the order of the letters, so that their numbers grow with it. A key that fails twice in one call has failed twice. */
function merge(letters: readonly NewLetter[], known: ReadonlyMap<string, Standing>) {
  const merged = new Map<string, Content & Pick<Standing, 'id'>>();
  for (const letter of letters) {
    const name = nameOf(letter.collection, letter.key);
    merged.set(name, renew(letter, merged.get(name) ?? known.get(name)));
  }
  const renewed: (Content & { readonly id: number })[] = [];
  const fresh: Content[] = [];
  for (const { id, ...content } of merged.values())
    if (id === null) fresh.push(content);
    else renewed.push({ ...content, id });
  return { renewed, fresh };
}

/** A parked letter stays parked; of a deferred one the first `until` stays, so that failing again does not put its end off. */
function renew(letter: NewLetter, before: Standing | undefined): Content & Pick<Standing, 'id'> {
  const { collection, key, code, message, failedAtMs, until = null, sealed = null } = letter;
  const state = before?.state === 'parked' ? 'parked' : (letter.state ?? 'parked');
  return {
    id: before?.id ?? null,
    collection,
    key,
    code,
    message,
    attempts: (before?.attempts ?? 0) + 1,
    first_failed_at_ms: before?.first_failed_at_ms ?? failedAtMs,
    last_failed_at_ms: failedAtMs,
    state,
    until: state === 'parked' ? null : (before?.until ?? until),
    ...sealedColumns(sealed),
  };
}

/** A document takes 16 MiB, the rest of a letter among it. The letter of a larger row is kept without it: it can still be replayed. */
const longestSealed = 15 * 1024 * 1024;

export function sealedColumns(
  sealed: Uint8Array | null,
): Pick<Content, 'sealed' | 'sealed_head' | 'sealed_digest'> {
  if (sealed === null || sealed.length > longestSealed)
    return { sealed: null, sealed_head: null, sealed_digest: null };
  return {
    sealed: new Binary(sealed),
    sealed_head: new Binary(sealed.subarray(0, sealedHeadBytes)),
    sealed_digest: digestOf(sealed),
  };
}

export const digestOf = (bytes: Uint8Array): Binary =>
  new Binary(createHash('sha256').update(bytes).digest());

interface Looked {
  readonly pipeline: string;
  readonly letters: readonly NewLetter[];
  readonly session: ClientSession;
}

async function findKnown(
  deadLetters: Collections['deadLetters'],
  { pipeline, letters, session }: Looked,
): Promise<ReadonlyMap<string, Standing>> {
  const known = new Map<string, Standing>();
  for (const [collection, of] of Map.groupBy(letters, (letter) => letter.collection))
    for (const portion of portionsOf(of, ({ key }) => key)) {
      const which = { pipeline, collection, key: { $in: portion.map(({ key }) => key) } };
      const rows = deadLetters.find(which, { session, projection: { sealed: 0, message: 0 } });
      for await (const row of rows) known.set(nameOf(collection, text(row, 'key')), toStanding(row));
    }
  return known;
}

const toStanding = (row: StoredDocument): Standing => ({
  id: integer(row, 'id'),
  attempts: integer(row, 'attempts'),
  first_failed_at_ms: integer(row, 'first_failed_at_ms'),
  state: oneOf(row, 'state', ['deferred', 'parked']),
  until: textOrNull(row, 'until'),
});
