import type { Chunk, Format } from '../../../src/protocol/chunk.ts';
import type { CollectionName, Key } from '../../../src/protocol/names.ts';
import type { Partition } from '../../../src/protocol/partition.ts';
import type { Reader, ReadSnapshot } from '../../../src/protocol/reader.ts';
import type { Selection } from '../../../src/protocol/selection.ts';
import type { Row } from '../../../src/protocol/value.ts';

/** A source with one collection, which is empty: its key is a number, and each row is about a kilobyte. */
export interface ReaderUnderTest extends AsyncDisposable {
  readonly url: string;
  /** At another address, if one is named; whoever opened it disposes it. */
  openReader(url?: string): Promise<Reader>;
  /** Rows with these numbers, both included. */
  fill(from: number, to: number): Promise<void>;
  remove(number: number): Promise<void>;
}

/** A reader and how it calls things. */
export interface ReaderSuite {
  readonly setUp: () => Promise<ReaderUnderTest>;
  readonly collection: CollectionName;
  readonly keyColumn: string;
  /** The key column, and what makes the row large. */
  readonly selection: Selection;
  /** A filter of the source's: numbers up to this one. */
  upTo(number: number): string;
  key(number: number): Key;
  /** Each format, with a selection that travels so. */
  readonly formats: readonly { readonly format: Format; readonly selection: Selection }[];
}

export const never: AbortSignal = new AbortController().signal;

export const whole: Partition = { id: 'all', from: null, to: null, estimatedRows: 0 };

export async function partitionsOf(
  snapshot: ReadSnapshot,
  { collection, selection }: ReaderSuite,
  targetRows: number,
): Promise<readonly Partition[]> {
  return await Array.fromAsync(snapshot.partitions(collection, { targetRows, selection, signal: never }));
}

/** The rows of a partition, decoded. */
export async function rowsOf(
  snapshot: ReadSnapshot,
  { collection, selection }: ReaderSuite,
  partition: Partition = whole,
): Promise<readonly Row[]> {
  const options = { selection, format: 'rows', signal: never } as const;
  const chunks = await Array.fromAsync(snapshot.read(collection, partition, options));
  return chunks.flatMap((chunk) => (chunk.format === 'rows' ? chunk.rows : []));
}

export const countOf = (chunk: Chunk): number =>
  chunk.format === 'rows' ? chunk.rows.length : chunk.rowCount;
