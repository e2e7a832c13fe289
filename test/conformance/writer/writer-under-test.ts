import type { Change } from '../../../src/protocol/change.ts';
import type { Chunk, RowsChunk } from '../../../src/protocol/chunk.ts';
import type { CollectionPlan, Leaving, Scope } from '../../../src/protocol/mapping.ts';
import type { Fence, Key } from '../../../src/protocol/names.ts';
import type { Row } from '../../../src/protocol/value.ts';
import type { StreamWriter, Target, WriteOptions } from '../../../src/protocol/writer.ts';

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
  openWriter(): Promise<StreamWriter>;
  plan(options?: PlanOptions): CollectionPlan;
  /** All rows of the collection, whoever's, by id. */
  stored(): Promise<readonly Row[]>;
  /** As somebody else would. */
  insert(rows: readonly Row[]): Promise<void>;
  /** A predicate of the destination: `note` is this text. */
  noteIs(text: string): string;
}

export type SetUpWriter = () => Promise<WriterUnderTest>;

/** How the collection's rows look to a connector. */
export interface RowForm {
  row(id: number, email: string, note?: string | null): Row;
  /** What a patch of these columns gives of a row: at least them. */
  patch(row: Row, columns: readonly string[]): Row;
  /** An id as a bound of a partition. */
  bound(id: number): string;
}

/** A writer and what it offers beyond what each must. */
export interface WriterSuite {
  readonly setUp: SetUpWriter;
  readonly form: RowForm;
  /** Keys that we wrote are kept; without it a target that others filled needs a scope. */
  readonly ownedScope: boolean;
  /** Collections without a key can be replaced as a whole. */
  readonly replaces: boolean;
  /** Columns have types, so that a value may not fit. */
  readonly typed: boolean;
}

/** What a target's shape calls its columns. */
export const columnsForm: RowForm = {
  row: (id, email, note = null) => ({ id, email, note }),
  patch: (whole, columns) => Object.fromEntries(columns.map((name) => [name, whole[name] ?? null])),
  bound: String,
};

export const pipeline = 'conformance';
export const never: AbortSignal = new AbortController().signal;

export const holding = (fence: Fence): WriteOptions => ({ lease: { pipeline, fence }, signal: never });

/** The usual beginning: attached with fence 1, the collection opened. */
export async function openTarget(
  under: WriterUnderTest,
  options?: PlanOptions,
): Promise<AsyncDisposable & { readonly writer: StreamWriter; readonly target: Target }> {
  const writer = await under.openWriter();
  await writer.attach(holding(1));
  const target = await writer.open(under.plan(options), holding(1));
  return { writer, target, [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose]() };
}

export const { row } = columnsForm;

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

export const keyOf = ({ row }: RowForm, target: Target, id: number): Key => target.keyOf(row(id, ''));

/** For a form of rows: a change that takes out what has this id. */
export const leaving =
  (form: RowForm) =>
  (target: Target, id: number): Change => ({ kind: 'leave', key: keyOf(form, target, id) });

export const leave = leaving(columnsForm);

/** For a form of rows: a change of some columns of a row. */
export const patching =
  (form: RowForm) =>
  (target: Target, whole: Row, columns: readonly string[]): Change => ({
    kind: 'patch',
    key: target.keyOf(whole),
    row: form.patch(whole, columns),
  });
