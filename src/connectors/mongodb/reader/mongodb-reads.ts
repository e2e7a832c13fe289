import type { Chunk, Format } from '../../../protocol/chunk.ts';
import type { DigestQuery, DigestResult, HashedKey, HashPage } from '../../../protocol/digest.ts';
import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { ReadOptions, ReadSnapshot } from '../../../protocol/reader.ts';
import type { Row } from '../../../protocol/value.ts';
import { type ClusterTime, newestOf } from '../cluster-time.ts';
import type { Deployment } from '../session/deployment.ts';
import { digest, hashes, hashesInOrder } from './digest.ts';
import { lookup } from './lookup.ts';
import { logTime, notBefore } from './not-before.ts';
import { partitions } from './partitions.ts';
import { readPartition } from './read.ts';
import type { Shown } from './shown.ts';

/**
 * Reads at majority, each at the moment in which it begins, but none before a time, whichever member answers. Nothing is held open between
 * them.
 */
export class MongodbReads implements ReadSnapshot {
  readonly id = 'majority';
  readonly #deployment: Deployment;
  /** Grows with what lookups were asked to show: what one member has shown, another that becomes primary may show a moment later. */
  #after: ClusterTime | null;
  readonly #shown: Shown;

  constructor(
    deployment: Deployment,
    { after, shown }: { readonly after: ClusterTime | null; readonly shown: Shown },
  ) {
    this.#deployment = deployment;
    this.#after = after;
    this.#shown = shown;
  }

  partitions(
    collection: CollectionName,
    options: Parameters<ReadSnapshot['partitions']>[1],
  ): AsyncIterable<Partition> {
    return partitions(this.#deployment, { ...options, collection });
  }

  read(
    collection: CollectionName,
    partition: Partition,
    options: ReadOptions & { readonly format: Format },
  ): AsyncIterable<Chunk> {
    return readPartition(this.#deployment, { ...options, collection, partition, after: this.#after });
  }

  async lookup(
    collection: CollectionName,
    keys: readonly Key[],
    options: Parameters<ReadSnapshot['lookup']>[2],
  ): Promise<ReadonlyMap<Key, Row | null>> {
    // What an earlier process was shown is not known here: the log is at least as far.
    this.#after ??= await logTime(this.#deployment, options);
    this.#after = newestOf([this.#after, notBefore(options)].filter((time) => time !== null));
    const shown = this.#shown.note;
    const rows = await lookup(this.#deployment, { ...options, collection, keys, after: this.#after, shown });
    const through = options.through === undefined ? null : await this.#shown.position(options);
    if (through !== null) options.through?.(through);
    return rows;
  }

  digest(collection: CollectionName, partition: Partition, query: DigestQuery): Promise<DigestResult> {
    return digest(this.#deployment, { ...query, collection, partition, after: this.#after });
  }

  hashes(
    collection: CollectionName,
    partition: Partition,
    query: Parameters<ReadSnapshot['hashes']>[2],
  ): AsyncIterable<readonly HashedKey[]> {
    return hashes(this.#deployment, { ...query, collection, partition, after: this.#after });
  }

  hashesInOrder(
    collection: CollectionName,
    partition: Partition,
    query: DigestQuery,
  ): AsyncIterable<HashPage> {
    return hashesInOrder(this.#deployment, { ...query, collection, partition, after: this.#after });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Each read closes its own cursor.
  }
}
