import { isLockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../protocol/failpoints.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import { quoteLiteral } from '../names.ts';
import { briefTransaction } from '../session/brief-transaction.ts';
import type { SessionPool } from '../session/pool.ts';
import type { Session } from '../session/session.ts';
import { createSchema, dropSchemaIfEmpty, lockSchema, readSchemaState } from './state-schema.ts';
import { anyWord, createWords, findWords, keepWord, readWord, wordsTable } from './word.sql.ts';

/** Where a word is kept: a row per pipeline in our schema at the source. */
export interface WordPlace {
  readonly stateSchema: string;
  readonly pipeline: string;
  readonly signal: AbortSignal;
}

/** Keeps the newest word only. False: nothing may be written there (no right, or a server that takes no writes). */
export async function rememberWord(
  pool: SessionPool,
  { word, ...place }: WordPlace & { readonly word: string },
): Promise<boolean> {
  reach('word.keep.before');
  try {
    await pool.use((session) => keepAnyhow(session, { ...place, word }), place);
  } catch (thrown) {
    if (isLockstepError(thrown, 'permission-denied') || isLockstepError(thrown, 'read-only')) return false;
    throw toLockstepError(thrown);
  }
  reach('word.keep.after');
  return true;
}

const mostLooks = 3;

/** Somebody may drop our schema, or the table in it, between our look and our writing: then we look again. */
async function keepAnyhow(session: Session, request: WordPlace & { readonly word: string }): Promise<void> {
  for (let look = 1; ; look += 1) {
    try {
      await keep(session, request);
      return;
    } catch (thrown) {
      if (!isLockstepError(thrown, 'collection-gone') || look === mostLooks) throw thrown;
    }
  }
}

/** Null: none was kept, or none can be read. */
export async function recallWord(pool: SessionPool, place: WordPlace): Promise<string | null> {
  const { stateSchema, pipeline, signal } = place;
  return await pool.use(async (session) => {
    try {
      if (!(await hasWords(session, place))) return null;
      const { rows } = await session.query<{ word: string }>(readWord(stateSchema), [pipeline], { signal });
      return rows[0]?.word ?? null;
    } catch (thrown) {
      if (isLockstepError(thrown, 'permission-denied')) return null;
      throw toLockstepError(thrown);
    }
  }, place);
}

/** Forgets the pipeline's word; the table goes with the last one, and our schema when nothing else is in it. */
export async function removeWords(pool: SessionPool, place: WordPlace): Promise<readonly PreparedStep[]> {
  const { stateSchema, pipeline, signal } = place;
  return await pool.use(
    (session) =>
      briefTransaction(
        session,
        async () => {
          await session.execute(lockSchema(stateSchema), { signal });
          if (!(await hasWords(session, place))) return [];
          const statement = `DELETE FROM ${wordsTable(stateSchema)} WHERE pipeline = ${quoteLiteral(pipeline)}`;
          await session.execute(statement, { signal });
          const { rowCount } = await session.query(anyWord(stateSchema), undefined, { signal });
          const forgotten = { what: `Forget the word of ${pipeline} at the source`, statement };
          return rowCount > 0 ? [forgotten] : [forgotten, ...(await dropWords(session, place))];
        },
        { signal },
      ),
    place,
  );
}

async function keep(
  session: Session,
  { stateSchema, pipeline, word, signal }: WordPlace & { readonly word: string },
): Promise<void> {
  await briefTransaction(
    session,
    async () => {
      await makeWords(session, { stateSchema, pipeline, signal });
      await session.query(keepWord(stateSchema), [pipeline, word], { signal });
    },
    { signal },
  );
}

async function makeWords(session: Session, place: WordPlace): Promise<void> {
  const { stateSchema, signal } = place;
  if (await hasWords(session, place)) return;
  await session.execute(lockSchema(stateSchema), { signal });
  // Another engine may have made it while we waited for the lock.
  if (await hasWords(session, place)) return;
  const { present } = await readSchemaState(session, stateSchema, { signal });
  if (!present) await session.execute(createSchema(stateSchema), { signal });
  await session.execute(createWords(stateSchema), { signal });
}

async function dropWords(session: Session, { stateSchema, signal }: WordPlace): Promise<PreparedStep[]> {
  const statement = `DROP TABLE ${wordsTable(stateSchema)}`;
  await session.execute(statement, { signal });
  const schema = await dropSchemaIfEmpty(session, stateSchema, { signal });
  return [{ what: 'Drop the table of words at the source', statement }, ...schema];
}

async function hasWords(session: Session, { stateSchema, signal }: WordPlace): Promise<boolean> {
  const { rows } = await session.query<{ present: boolean }>(findWords, [wordsTable(stateSchema)], {
    signal,
  });
  return rows[0]?.present === true;
}
