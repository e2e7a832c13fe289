import type { Db } from 'mongodb';
import { expect } from 'vitest';
import { createLockstep, type Lockstep, type PipelineConfig } from '../../src/index.ts';
import type { Finding } from '../../src/protocol/finding.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

type Settings = Omit<PipelineConfig, 'source' | 'destination'>;

/** Two databases, a control store, and engines between them with pipeline `it`. */
export interface MongoPair extends AsyncDisposable {
  readonly source: Db;
  readonly target: Db;
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly directory: string;
  /** A new engine over the same control store: as a new process would be. */
  engine(
    settings: Settings,
    sides?: Partial<Pick<PipelineConfig, 'source' | 'destination'>>,
  ): Promise<Lockstep>;
  /** Byte by byte, by the independent judge; returns how many documents both have. */
  expectSame(source: string, target?: string): Promise<number>;
}

export async function findingsOf(engine: Lockstep): Promise<readonly Finding[]> {
  return (await engine.check('it')).flatMap(({ findings }) => findings);
}

/** Retries that a test waits for are short. */
const impatient = { attempts: 8, initialDelayMs: 20, maxDelayMs: 100 };

/** Each side is on the server that is named for it, if one is. */
export async function openMongoPair(sourceServer?: string, targetServer?: string): Promise<MongoPair> {
  const opened = new AsyncDisposableStack();
  const on = (server?: string) => createMongoDatabase(server === undefined ? {} : { serverUrl: server });
  const source = opened.use(await on(sourceServer));
  const target = opened.use(await on(targetServer));
  const { path: directory } = opened.use(await temporaryDirectory());
  const sides = {
    source: { connector: 'mongodb', url: source.url },
    destination: { connector: 'mongodb', url: target.url },
  } as const;
  return {
    source: source.db,
    target: target.db,
    sourceUrl: source.url,
    targetUrl: target.url,
    directory,
    engine: async (settings, others = {}) =>
      opened.use(
        await createLockstep(
          { pipelines: { it: { retry: impatient, ...settings, ...sides, ...others } } },
          { directory, env: {} },
        ),
      ),
    expectSame: async (from, to = from) => {
      const [here, there] = await Promise.all([
        exportDocuments(source.db, from),
        exportDocuments(target.db, to),
      ]);
      expect(there).toEqual(here);
      return here.length;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
