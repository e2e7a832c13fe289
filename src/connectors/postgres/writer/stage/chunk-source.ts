import type { Chunk, PgCopyChunk, RowsChunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';

/** Chunks whose first one was looked at: the format decides where they go. All have the same. */
export class ChunkSource implements AsyncDisposable {
  /** Null: there is nothing at all. */
  readonly first: Chunk | null;
  readonly #iterator: AsyncIterator<Chunk>;
  #disposed = false;

  private constructor(first: Chunk | null, iterator: AsyncIterator<Chunk>) {
    this.first = first;
    this.#iterator = iterator;
  }

  static async open(chunks: AsyncIterable<Chunk>): Promise<ChunkSource> {
    const iterator = chunks[Symbol.asyncIterator]();
    const result = await iterator.next();
    return new ChunkSource(result.done === true ? null : result.value, iterator);
  }

  async *pgCopy(): AsyncGenerator<PgCopyChunk> {
    for await (const chunk of this.#all()) {
      if (chunk.format !== 'pg-copy') throw unexpected(chunk);
      yield chunk;
    }
  }

  async *rows(): AsyncGenerator<RowsChunk> {
    for await (const chunk of this.#all()) {
      if (chunk.format !== 'rows') throw unexpected(chunk);
      yield chunk;
    }
  }

  /** Ends the reading where it is; after the proper end this does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#iterator.return?.();
  }

  async *#all(): AsyncGenerator<Chunk> {
    if (this.first === null) return;
    yield this.first;
    for (let next = await this.#iterator.next(); next.done !== true; next = await this.#iterator.next())
      yield next.value;
    // A reading that was cut off must never look like one that came to its end.
    if (this.#disposed)
      throw new LockstepError('internal', { detail: 'chunks were asked for after their end' });
  }
}

export const unexpected = (chunk: Chunk): LockstepError =>
  new LockstepError('internal', {
    detail: `a chunk of format ${chunk.format} came where it does not belong`,
  });
