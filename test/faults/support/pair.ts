import { expectSameTable } from '../../support/export.ts';
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from '../../support/postgres.ts';

/** A source and a target of one test. */
export interface Pair extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** The judge's word, over plain connections that no fault touches; how many rows both have. */
  expectSame(...tables: readonly string[]): Promise<number>;
}

export interface PairOptions {
  /** Statements that are run at each side before anything else. */
  readonly atSource?: string;
  readonly atTarget?: string;
  readonly sourceDatabase?: TestDatabaseOptions;
  readonly targetDatabase?: TestDatabaseOptions;
}

/** The source is PostgreSQL 17 and the target 18 unless told otherwise. */
export async function openPair(options: PairOptions = {}): Promise<Pair> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase({ version: 17, ...options.sourceDatabase }));
  const target = opened.use(await createTestDatabase({ version: 18, ...options.targetDatabase }));
  if (options.atSource !== undefined) await source.query(options.atSource);
  if (options.atTarget !== undefined) await target.query(options.atTarget);
  const kept = opened.move();
  return {
    source,
    target,
    expectSame: async (...tables) => {
      let rows = 0;
      for (const table of tables)
        rows += await expectSameTable({ url: source.url, table }, { url: target.url, table });
      return rows;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
