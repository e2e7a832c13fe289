import type { Chunk, Format } from '../../../protocol/chunk.ts';
import type { DigestQuery, DigestResult, HashedKey, HashPage } from '../../../protocol/digest.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { LookupTime, ReadOptions, ReadSnapshot } from '../../../protocol/reader.ts';
import type { SinceRequest, SinceRows } from '../../../protocol/since.ts';
import type { Row } from '../../../protocol/value.ts';
import { describeTable } from '../catalog/describe-table.ts';
import { chooseKey } from '../catalog/key-choice.ts';
import { parseName, qualified, type TableName } from '../names.ts';
import type { SessionPool } from '../session/pool.ts';
import type { Session } from '../session/session.ts';
import { digestRows, hashRows } from './digest.ts';
import type { RangeKey } from './key-range.ts';
import { type LookupRequest, lookupRows } from './lookup.ts';
import { lookupNewest } from './lookup-newest.ts';
import type { Moment } from './moment.ts';
import { findNull } from './null-keys.ts';
import { NullQuestion } from './null-question.ts';
import { hashRowsInOrder } from './ordered-hashes.ts';
import type { OutputCache } from './output-cache.ts';
import { cutPartitions } from './partitions.ts';
import { lookupPossible } from './possible-keys.ts';
import { copyRows } from './read.ts';
import { rewrittenQuery } from './rewritten.sql.ts';
import { describeOutput, operatorPath } from './select.ts';
import { readSince } from './since/read-since.ts';
import { findColumn } from './since/table-column.ts';
import type { TypeCache } from './type-cache.ts';

export interface SnapshotParts {
  readonly pool: SessionPool;
  readonly moment: Moment;
  readonly types: TypeCache;
  readonly outputs: OutputCache;
}

/** What a statement of the reader needs to know of the collection that it reads. */
export interface ReadContext {
  readonly session: Session;
  readonly table: TableName;
  readonly collection: CollectionName;
  readonly types: TypeCache;
  readonly signal: AbortSignal;
  readonly maxRowBytes: number;
}

export class PostgresSnapshot implements ReadSnapshot {
  readonly id: string;
  readonly #pool: SessionPool;
  readonly #moment: Moment;
  readonly #types: TypeCache;
  readonly #outputs: OutputCache;
  readonly #keys = new Map<CollectionName, Promise<readonly string[] | null>>();
  readonly #nulls = new Map<CollectionName, NullQuestion>();

  constructor({ pool, moment, types, outputs }: SnapshotParts) {
    this.id = moment.id;
    this.#pool = pool;
    this.#moment = moment;
    this.#types = types;
    this.#outputs = outputs;
  }

  async *partitions(
    collection: CollectionName,
    { targetRows, signal }: { readonly targetRows: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Partition> {
    const table = this.#table(collection);
    const work = (session: Session) =>
      session.transaction(
        async () => {
          await this.#assertUnchanged(this.#context(session, collection, signal));
          const key = await this.#keyColumns(session, collection, signal);
          return cutPartitions(session, { table, key, targetRows }, { signal, collection });
        },
        { begin: this.#moment.begin(), signal },
      );
    yield* await this.#pool.use(work, { signal });
  }

  async *read(
    collection: CollectionName,
    partition: Partition,
    options: ReadOptions & { readonly format: Format },
  ): AsyncGenerator<Chunk> {
    yield* this.#reading(collection, options.signal, async function* read(this: PostgresSnapshot, context) {
      const key = await this.#rangeKey(context, partition);
      yield* copyRows(context, { ...options, partition, key });
    });
  }

  lookup(
    collection: CollectionName,
    keys: readonly Key[],
    options: ReadOptions & {
      readonly keyColumns: readonly string[];
      readonly at?: LookupTime;
      readonly shows?: readonly string[];
    },
  ): Promise<ReadonlyMap<Key, Row | null>> {
    return this.#pool.use(
      (session) => {
        const context = this.#context(session, collection, options.signal);
        const ask = (asked: readonly Key[]) => {
          const request = { ...options, keys: asked };
          return options.at === 'moment'
            ? this.#lookupAtMoment(context, request)
            : lookupNewest(context, { ...request, outputs: this.#outputs, pool: this.#pool });
        };
        return lookupPossible(
          context,
          { ...options, keys },
          { nulls: this.#nullsOf(collection), lookup: ask },
        );
      },
      { signal: options.signal },
    );
  }

  digest(collection: CollectionName, partition: Partition, query: DigestQuery): Promise<DigestResult> {
    const work = (session: Session) =>
      session.transaction(
        async () => {
          const context = this.#context(session, collection, query.signal);
          await this.#assertUnchanged(context);
          return digestRows(context, { query, partition, key: await this.#rangeKey(context, partition) });
        },
        { begin: this.#moment.begin(), signal: query.signal, collection },
      );
    return this.#pool.use(work, { signal: query.signal });
  }

  async *hashes(
    collection: CollectionName,
    partition: Partition,
    query: DigestQuery & { readonly onlyGroups: ReadonlySet<number> | null },
  ): AsyncGenerator<readonly HashedKey[]> {
    yield* this.#reading(collection, query.signal, async function* hashes(this: PostgresSnapshot, context) {
      const key = await this.#rangeKey(context, partition);
      yield* hashRows(context, { query, partition, key, onlyGroups: query.onlyGroups });
    });
  }

  async *hashesInOrder(
    collection: CollectionName,
    partition: Partition,
    query: DigestQuery,
  ): AsyncGenerator<HashPage> {
    yield* this.#reading(collection, query.signal, async function* ordered(this: PostgresSnapshot, context) {
      const key = await this.#orderKey(context);
      if (key === null) throw new LockstepError('key-missing', { collection });
      yield* hashRowsInOrder(context, { query, partition, key });
    });
  }

  firstNull(
    collection: CollectionName,
    options: Parameters<NonNullable<ReadSnapshot['firstNull']>>[1],
  ): Promise<string | null> {
    const { signal } = options;
    const work = (session: Session) =>
      session.transaction(
        async () => {
          const context = this.#context(session, collection, signal);
          await this.#assertUnchanged(context);
          return findNull(context, options);
        },
        { begin: this.#moment.begin(), signal, collection },
      );
    return this.#pool.use(work, { signal });
  }

  async *readSince(collection: CollectionName, request: SinceRequest): AsyncGenerator<SinceRows> {
    const { settings, signal } = request;
    const options = { defaultSchema: this.#pool.config.schema, signal };
    yield* this.#reading(collection, signal, async function* since(this: PostgresSnapshot, context) {
      const column = await findColumn(context.session, { collection, settings }, options);
      yield* readSince(context, { column, request });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#moment[Symbol.asyncDispose]();
  }

  #lookupAtMoment(
    context: ReadContext,
    request: Omit<LookupRequest, 'output'>,
  ): Promise<ReadonlyMap<Key, Row | null>> {
    const { session, table, types, signal, collection } = context;
    return session.transaction(
      async () => {
        await this.#assertUnchanged(context);
        const { columns } = request.selection;
        const output = await describeOutput(session, { table, columns, types }, { signal, collection });
        return lookupRows(context, { ...request, output });
      },
      { begin: this.#moment.begin(), signal, collection },
    );
  }

  /** A generator inside a transaction of the moment; whoever stops early leaves no open transaction behind. */
  async *#reading<Item>(
    collection: CollectionName,
    signal: AbortSignal,
    work: (this: PostgresSnapshot, context: ReadContext) => AsyncGenerator<Item>,
  ): AsyncGenerator<Item> {
    const session = await this.#pool.acquire({ signal });
    let ended = false;
    try {
      await session.execute(this.#moment.begin(), { signal, collection });
      const context = this.#context(session, collection, signal);
      await this.#assertUnchanged(context);
      yield* work.call(this, context);
      await session.execute('COMMIT', { signal, collection });
      ended = true;
    } finally {
      if (!ended && !session.broken) await session.execute('ROLLBACK').catch(() => session.destroy());
      await this.#pool.release(session);
    }
  }

  /** Takes the lock that a read takes, and makes sure that the snapshot still shows this table. */
  async #assertUnchanged({ session, table, collection, signal }: ReadContext): Promise<void> {
    await session.execute(`SELECT FROM ${qualified(table)} LIMIT 0`, { signal, collection });
    const { rows } = await session.query<{ rewritten: boolean }>(rewrittenQuery, [qualified(table)], {
      signal,
      collection,
    });
    if (rows[0]?.rewritten === true) {
      throw new LockstepError('snapshot-lost', { detail: `${collection} was truncated or rewritten since` });
    }
  }

  async #rangeKey(context: ReadContext, partition: Partition): Promise<RangeKey | null> {
    return partition.from === null && partition.to === null ? null : this.#orderKey(context);
  }

  async #orderKey(context: ReadContext): Promise<RangeKey | null> {
    const { session, table, collection, signal, types } = context;
    const columns = await this.#keyColumns(session, collection, signal);
    if (columns === null) return null;
    const selected = columns.map((name) => ({ name, from: { column: name }, as: null }));
    const output = await describeOutput(session, { table, columns: selected, types }, { signal, collection });
    const path = operatorPath(output.map(({ type }) => type));
    if (path !== null) await session.execute(path, { signal });
    return { columns, types: output.map(({ type }) => type) };
  }

  #keyColumns(
    session: Session,
    collection: CollectionName,
    signal: AbortSignal,
  ): Promise<readonly string[] | null> {
    const known = this.#keys.get(collection);
    if (known !== undefined) return known;
    const asked = describeTable(session, this.#table(collection), { signal }).then((table) => {
      if (table === null) throw new LockstepError('collection-gone', { collection });
      return chooseKey(table);
    });
    this.#keys.set(collection, asked);
    asked.catch(() => this.#keys.delete(collection));
    return asked;
  }

  #nullsOf(collection: CollectionName): NullQuestion {
    const known = this.#nulls.get(collection) ?? new NullQuestion();
    this.#nulls.set(collection, known);
    return known;
  }

  #table(collection: CollectionName): TableName {
    return parseName(collection, this.#pool.config.schema);
  }

  #context(session: Session, collection: CollectionName, signal: AbortSignal): ReadContext {
    const { maxRowBytes } = this.#pool.config;
    return { session, table: this.#table(collection), collection, types: this.#types, signal, maxRowBytes };
  }
}
