import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HashedKey } from '../../protocol/digest.ts';
import { spilling } from './spill-failed.ts';

/** Records are gathered in pieces; with several buckets each piece goes to disk when it is full. All pieces of a side together: 2 MiB, or 16 KiB for each. */
const pieceBytes = (buckets: number): number =>
  Math.floor(Math.max(1 << 14, Math.min(1 << 16, (1 << 21) / buckets)));
const recordHeadBytes = 16;
const noGroup = -1;

/**
 * (key, hash) pairs of one side of a comparison, spread over files by a hash of the key. A record is: hash (8 bytes), length of the
 * key's UTF-8 (4 bytes), group or -1 (4 bytes), the key. They are bytes from the start: millions of small objects that live until a file is written would keep
 * the garbage collector busy. Files are made when a bucket first overflows its piece, so small comparisons make none.
 */
export class HashBuckets implements AsyncDisposable {
  readonly #directory: string;
  readonly #buckets: readonly Bucket[];
  readonly #pieceBytes: number;
  /** Pieces that are on disk: filled again, because memory that is asked for and let go thousands of times leaves holes. */
  readonly #spare: Buffer[] = [];

  private constructor(directory: string, count: number) {
    this.#directory = directory;
    this.#pieceBytes = pieceBytes(count);
    this.#buckets = Array.from({ length: count }, () => ({
      pieces: [],
      last: null,
      at: 0,
      file: null,
      path: '',
    }));
  }

  static async create(spillDirectory: string, count: number): Promise<HashBuckets> {
    await spilling(spillDirectory, () => mkdir(spillDirectory, { recursive: true, mode: 0o700 }));
    return new HashBuckets(spillDirectory, count);
  }

  async add(rows: readonly HashedKey[]): Promise<void> {
    const full = new Set<Bucket>();
    for (const row of rows) {
      const bucket = this.#bucketOf(row.key);
      this.#append(bucket, row);
      if (bucket.pieces.length > 0) full.add(bucket);
    }
    // With one bucket there is nothing to spread: everything stays in memory, which is what the join holds anyway.
    if (this.#buckets.length > 1) for (const bucket of full) await this.#flush(bucket);
  }

  async *read(index: number): AsyncIterable<HashedKey> {
    const bucket = this.#buckets[index];
    if (bucket === undefined) return;
    for (const piece of bucket.pieces) yield* decode(piece).rows;
    if (bucket.last !== null) yield* decode(bucket.last.subarray(0, bucket.at)).rows;
    bucket.pieces = [];
    bucket.last = null;
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

  #bucketOf(key: string): Bucket {
    const bucket = this.#buckets[hashText(key) % this.#buckets.length];
    if (bucket === undefined) throw new RangeError('a comparison needs at least one bucket');
    return bucket;
  }

  #append(bucket: Bucket, { key, hash, group }: HashedKey): void {
    const needed = recordHeadBytes + Buffer.byteLength(key);
    let { last } = bucket;
    if (last === null || bucket.at + needed > last.length) {
      if (last !== null) bucket.pieces.push(last.subarray(0, bucket.at));
      last = this.#piece(needed);
      bucket.last = last;
      bucket.at = 0;
    }
    last.writeBigInt64LE(BigInt.asIntN(64, hash), bucket.at);
    last.writeUInt32LE(needed - recordHeadBytes, bucket.at + 8);
    last.writeInt32LE(group ?? noGroup, bucket.at + 12);
    last.write(key, bucket.at + recordHeadBytes, 'utf8');
    bucket.at += needed;
  }

  #piece(needed: number): Buffer {
    if (needed > this.#pieceBytes) return Buffer.allocUnsafeSlow(needed);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#pieceBytes);
  }

  async #flush(bucket: Bucket): Promise<void> {
    const pieces = bucket.pieces;
    bucket.pieces = [];
    await spilling(this.#directory, async () => {
      const file = bucket.file ?? (await this.#open(bucket));
      for (const piece of pieces) {
        await file.appendFile(piece);
        if (piece.buffer.byteLength === this.#pieceBytes) this.#spare.push(Buffer.from(piece.buffer));
      }
    });
  }

  async #open(bucket: Bucket): Promise<FileHandle> {
    bucket.path = join(this.#directory, `${randomUUID()}.bucket`);
    bucket.file = await open(bucket.path, 'wx', 0o600);
    return bucket.file;
  }
}

interface Bucket {
  /** Full ones. */
  pieces: Buffer[];
  /** The one that is being filled, and how far it is. */
  last: Buffer | null;
  at: number;
  file: FileHandle | null;
  path: string;
}

function decode(bytes: Buffer): { rows: readonly HashedKey[]; left: Buffer } {
  const rows: HashedKey[] = [];
  let at = 0;
  while (at + recordHeadBytes <= bytes.length) {
    const end = at + recordHeadBytes + bytes.readUInt32LE(at + 8);
    if (end > bytes.length) break;
    const [hash, group] = [bytes.readBigInt64LE(at), bytes.readInt32LE(at + 12)];
    const key = bytes.toString('utf8', at + recordHeadBytes, end);
    rows.push(group === noGroup ? { key, hash } : { key, hash, group });
    at = end;
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
