import { createLockstep, type Lockstep, type PipelineConfig } from '../../src/index.ts';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

type Settings = Omit<PipelineConfig, 'source' | 'destination'>;

export interface PairOptions {
  readonly source?: 17 | 18;
  readonly target?: 17 | 18;
}

/** Two databases, a control store, and engines between them with pipeline `it`. */
export interface Pair extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly directory: string;
  /** A new engine over the same control store: as a new process would be. */
  engine(
    settings: Settings,
    sides?: Partial<Pick<PipelineConfig, 'source' | 'destination'>>,
  ): Promise<Lockstep>;
  /** SQL on both sides, for tables that exist on both. */
  both(sql: string): Promise<void>;
  /** The independent judge; returns how many rows both have. */
  expectSame(
    source: string,
    target?: string,
    options?: { readonly key?: readonly string[] },
  ): Promise<number>;
}

/** Retries that a test waits for are short. */
const impatient = { attempts: 3, initialDelayMs: 20, maxDelayMs: 100 };

export async function openPair({ source: from = 17, target: to = 18 }: PairOptions = {}): Promise<Pair> {
  const opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase({ version: from }));
  const target = opened.use(await createTestDatabase({ version: to }));
  const { path: directory } = opened.use(await temporaryDirectory());
  const sides = {
    source: { connector: 'postgres', url: source.url },
    destination: { connector: 'postgres', url: target.url },
  } as const;
  return {
    source,
    target,
    directory,
    engine: async (settings, others = {}) =>
      opened.use(
        await createLockstep(
          { pipelines: { it: { retry: impatient, ...settings, ...sides, ...others } } },
          { directory, env: {} },
        ),
      ),
    both: async (sql) => {
      await Promise.all([source.query(sql), target.query(sql)]);
    },
    expectSame: (from, to = from, options = {}) =>
      expectSameTable(
        { url: source.url, table: from, ...options },
        { url: target.url, table: to, ...options },
      ),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
