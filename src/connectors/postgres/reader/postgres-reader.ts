import type { DigestAgreement, DigestColumn, DigestNegotiator } from '../../../protocol/digest.ts';
import type { Finding } from '../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { Reader, ReaderCapabilities, ReadingLease, ReadSnapshot } from '../../../protocol/reader.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type { CursorMark, SinceCollection } from '../../../protocol/since.ts';
import type { Row } from '../../../protocol/value.ts';
import { toShape } from '../catalog/to-shape.ts';

import { checkSource } from '../check/check-source.ts';
import { checkCursors } from '../check/cursor/check-cursors.ts';
import { readIdentity } from '../identity.ts';
import { keyOf } from '../key.ts';
import { parseName } from '../names.ts';
import type { SessionPool } from '../session/pool.ts';
import { probeDigest, proposeDigest } from './digest.ts';
import { listCollections } from './list.ts';
import { exportedMoment, type Moment, momentOfEachRead } from './moment.ts';
import { OutputCache } from './output-cache.ts';
import { PostgresSnapshot } from './postgres-snapshot.ts';
import { ReadingOwner } from './reading-owner.ts';
import { markSince } from './since/mark.ts';
import { spellTypes } from './spell-types.ts';
import { TablesTogether } from './tables-together.ts';
import { TypeCache } from './type-cache.ts';
import { typesOf } from './types-of.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Reads a PostgreSQL database: as a source, or as a destination that is compared. */
export class PostgresReader implements Reader, DigestNegotiator {
  readonly capabilities: ReaderCapabilities;
  readonly #pool: SessionPool;
  readonly #oneMoment: boolean;
  readonly #types = new TypeCache();
  readonly #outputs = new OutputCache();
  readonly #owner = new ReadingOwner();
  readonly #tables: TablesTogether;

  /**
   * `oneMoment`: a snapshot is one moment for all its reads, held open at the server; else each read has its own. The pool
   * belongs to the reader and ends with it.
   */
  constructor(pool: SessionPool, { oneMoment }: { readonly oneMoment: boolean }) {
    this.#pool = pool;
    this.#tables = new TablesTogether(pool);
    this.#oneMoment = oneMoment;
    this.capabilities = {
      formats: ['pg-copy', 'rows'],
      lookup: 'bulk',
      snapshot: oneMoment,
      digest: true,
      since: oneMoment,
      dialect: 'postgres',
      convertsTo: ['postgres'],
      open: null,
    };
  }

  identity(options: SignalOption): Promise<SourceIdentity> {
    return this.#pool.use((session) => readIdentity(session, options), options);
  }

  takeOver(lease: ReadingLease): Promise<void> {
    return this.#owner.take(this.#pool, lease);
  }

  check({
    collections,
    columns,
    cursors,
    signal,
  }: Parameters<Reader['check']>[0]): Promise<readonly Finding[]> {
    const { user, address, config } = this.#pool;
    const options = { user, address, defaultSchema: config.schema, signal, ...(columns && { columns }) };
    return this.#pool.use(
      async (session) => [
        ...(await checkSource(session, collections, options)),
        ...(await checkCursors(session, cursors ?? new Map(), options)),
      ],
      { signal },
    );
  }

  list(pattern: string, options: SignalOption): Promise<readonly CollectionName[]> {
    const { schema, stateSchema } = this.#pool.config;
    return this.#pool.use(
      (session) => listCollections(session, { pattern, schema, stateSchema }, options),
      options,
    );
  }

  async describe(collection: CollectionName, options: SignalOption): Promise<Shape | null> {
    const table = await this.#tables.describe(parseName(collection, this.#pool.config.schema), options);
    return table === null ? null : toShape(table);
  }

  typesOf(
    collection: CollectionName,
    selection: Selection,
    options: SignalOption,
  ): Promise<ReadonlyMap<string, string>> {
    const request = {
      name: parseName(collection, this.#pool.config.schema),
      collection,
      selection,
      types: this.#types,
    };
    return this.#pool.use((session) => typesOf(session, request, options), options);
  }

  spellTypes(names: readonly string[], options: SignalOption): Promise<ReadonlyMap<string, string | null>> {
    return this.#pool.use((session) => spellTypes(session, names, options), options);
  }

  keyOf(row: Row, { keyColumns }: Parameters<Reader['keyOf']>[1]): Key {
    return keyOf(row, keyColumns);
  }

  async snapshot(options: SignalOption): Promise<ReadSnapshot> {
    const owner = this.#owner;
    const moment = this.#oneMoment
      ? await exportedMoment(this.#pool, { ...options, owner })
      : momentOfEachRead(owner);
    return this.#reading(moment);
  }

  latest(): ReadSnapshot {
    return this.#reading(momentOfEachRead(this.#owner));
  }

  markSince(
    collections: readonly SinceCollection[],
    { signal }: SignalOption,
  ): Promise<readonly CursorMark[]> {
    const options = { defaultSchema: this.#pool.config.schema, signal };
    return this.#pool.use((session) => markSince(session, collections, options), { signal });
  }

  proposeDigest(columns: readonly DigestColumn[]): DigestAgreement | null {
    return proposeDigest(columns);
  }

  probeDigest(agreement: DigestAgreement, options: SignalOption): Promise<string> {
    return this.#pool.use((session) => probeDigest(session, agreement, options), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #reading(moment: Moment): PostgresSnapshot {
    return new PostgresSnapshot({ pool: this.#pool, moment, types: this.#types, outputs: this.#outputs });
  }
}
