import type { Change } from '../../../src/protocol/change.ts';
import type { Chunk, RowsChunk } from '../../../src/protocol/chunk.ts';
import type { CollectionPlan, Leaving, Scope } from '../../../src/protocol/mapping.ts';
import type { Fence } from '../../../src/protocol/names.ts';
import type { Row } from '../../../src/protocol/value.ts';
import type { Target, WriteOptions, Writer } from '../../../src/protocol/writer.ts';

export interface PlanOptions {
  /** Default: `default`. */
  readonly scope?: Scope | { readonly kind: 'default' };
  readonly leaving?: Leaving;
}

/**
 * An empty destination with one collection: `id` (an integer, the key), `email` (text, unique, never null) and `note` (text
 * or null). Several writers may be opened on it, as several engines would.
 */
export interface WriterUnderTest extends AsyncDisposable {
  openWriter(): Promise<Writer>;
  plan(options?: PlanOptions): CollectionPlan;
  /** All rows of the collection, whoever's, by id. */
  stored(): Promise<readonly Row[]>;
  /** As somebody else would. */
  insert(rows: readonly Row[]): Promise<void>;
  /** A predicate of the destination: `note` is this text. */
  noteIs(text: string): string;
}

export type SetUpWriter = () => Promise<WriterUnderTest>;

export const pipeline = 'conformance';
export const never: AbortSignal = new AbortController().signal;

export const holding = (fence: Fence): WriteOptions => ({ lease: { pipeline, fence }, signal: never });

/** The usual beginning: attached with fence 1, the collection opened. */
export async function openTarget(
  under: WriterUnderTest,
  options?: PlanOptions,
): Promise<AsyncDisposable & { readonly writer: Writer; readonly target: Target }> {
  const writer = await under.openWriter();
  await writer.attach(holding(1));
  const target = await writer.open(under.plan(options), holding(1));
  return { writer, target, [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose]() };
}

export const row = (id: number, email: string, note: string | null = null): Row => ({ id, email, note });

export const chunkOf = (rows: readonly Row[]): RowsChunk => ({ format: 'rows', rows, backing: null });

export async function* chunks(...rows: readonly Row[]): AsyncGenerator<Chunk> {
  // Two pieces, so that nobody relies on one.
  const middle = Math.ceil(rows.length / 2);
  yield chunkOf(rows.slice(0, middle));
  if (rows.length > middle) yield chunkOf(rows.slice(middle));
}

export const upsert = (target: Target, changed: Row): Change => ({
  kind: 'upsert',
  key: target.keyOf(changed),
  row: changed,
});

export const leave = (target: Target, id: number): Change => ({ kind: 'leave', key: target.keyOf({ id }) });
