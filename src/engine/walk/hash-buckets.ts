import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HashedKey } from '../../protocol/digest.ts';

/** A bucket's rows stay in memory until there are this many bytes of them. */
const flushBytes = 1 << 18;

/**
 * (key, hash) pairs of one side of a comparison, spread over files by a hash of the key. A record is: hash (8 bytes), length of the
 * key's UTF-8 (4 bytes), the key. Files are made when a bucket first overflows its memory, so small comparisons make none.
 */
export class HashBuckets implements AsyncDisposable {
  readonly #directory: string;
  readonly #buckets: readonly Bucket[];

  private constructor(directory: string, count: number) {
    this.#directory = directory;
    this.#buckets = Array.from({ length: count }, () => ({
      pending: [],
      pendingBytes: 0,
      file: null,
      path: '',
    }));
  }

  static async create(spillDirectory: string, count: number): Promise<HashBuckets> {
    await mkdir(spillDirectory, { recursive: true, mode: 0o700 });
    return new HashBuckets(spillDirectory, count);
  }

  async add(rows: readonly HashedKey[]): Promise<void> {
    const full = new Set<Bucket>();
    for (const row of rows) {
      const bucket = this.#bucketOf(row.key);
      bucket.pending.push(row);
      bucket.pendingBytes += 40 + row.key.length * 2;
      if (bucket.pendingBytes >= this.#flushBytes()) full.add(bucket);
    }
    for (const bucket of full) await this.#flush(bucket);
  }

  async *read(index: number): AsyncIterable<HashedKey> {
    const bucket = this.#buckets[index];
    if (bucket === undefined) return;
    yield* bucket.pending;
    bucket.pending = [];
    if (bucket.file === null) return;
    let rest: Buffer = Buffer.alloc(0);
    for await (const piece of createReadStream(bucket.path) as AsyncIterable<Buffer>) {
      const { rows, left } = decode(rest.length === 0 ? piece : Buffer.concat([rest, piece]));
      yield* rows;
      rest = left;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { file, path } of this.#buckets) {
      if (file === null) continue;
      await file.close();
      await rm(path, { force: true });
    }
  }

  /** With one bucket there is nothing to spread: everything stays in memory, which is what the join holds anyway. */
  #flushBytes(): number {
    return this.#buckets.length === 1 ? Number.POSITIVE_INFINITY : flushBytes;
  }

  #bucketOf(key: string): Bucket {
    const bucket = this.#buckets[hashText(key) % this.#buckets.length];
    if (bucket === undefined) throw new RangeError('a comparison needs at least one bucket');
    return bucket;
  }

  async #flush(bucket: Bucket): Promise<void> {
    const bytes = encode(bucket.pending);
    bucket.pending = [];
    bucket.pendingBytes = 0;
    if (bucket.file === null) {
      bucket.path = join(this.#directory, `${randomUUID()}.bucket`);
      bucket.file = await open(bucket.path, 'wx', 0o600);
    }
    await bucket.file.appendFile(bytes);
  }
}

interface Bucket {
  pending: HashedKey[];
  pendingBytes: number;
  file: FileHandle | null;
  path: string;
}

function encode(rows: readonly HashedKey[]): Buffer {
  const keys = rows.map((row) => Buffer.from(row.key, 'utf8'));
  const bytes = Buffer.allocUnsafe(keys.reduce((sum, key) => sum + 12 + key.length, 0));
  let at = 0;
  rows.forEach((row, index) => {
    const key = keys[index] ?? Buffer.alloc(0);
    at = bytes.writeBigInt64LE(BigInt.asIntN(64, row.hash), at);
    at = bytes.writeUInt32LE(key.length, at);
    at += key.copy(bytes, at);
  });
  return bytes;
}

function decode(bytes: Buffer): { rows: readonly HashedKey[]; left: Buffer } {
  const rows: HashedKey[] = [];
  let at = 0;
  while (at + 12 <= bytes.length) {
    const length = bytes.readUInt32LE(at + 8);
    if (at + 12 + length > bytes.length) break;
    rows.push({ hash: bytes.readBigInt64LE(at), key: bytes.toString('utf8', at + 12, at + 12 + length) });
    at += 12 + length;
  }
  return { rows, left: bytes.subarray(at) };
}

/** FNV-1a over UTF-16 units: spreads keys evenly; nothing else depends on it. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
