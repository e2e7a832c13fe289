import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { customer, type DocumentOf, everything } from './data/documents.ts';
import {
  type Benchmark,
  type BenchmarkOptions,
  type CaseReport,
  type Contestant,
  contest,
  type Run,
} from './harness/benchmark.ts';
import { runOurs } from './harness/ours.ts';
import { fill } from './mongo/fill.ts';
import { dumpAndRestore, hasDumpTools } from './mongo/peers/dump.ts';
import { runPeer } from './mongo/peers/program.ts';
import { databaseUrl, startBenchMongo } from './mongo/server.ts';
import { expectCount, expectSameBytes } from './mongo/truth.ts';

interface CopyCase {
  readonly name: string;
  readonly documentOf: DocumentOf;
}

const cases: readonly CopyCase[] = [
  { name: 'customers', documentOf: customer },
  { name: 'every-type', documentOf: everything },
];
const collection = 'bench';

/** A whole collection copied: by ours into one that it makes, by the others into an empty one. */
export const benchmark: Benchmark = {
  async run(options) {
    await using sides = await Sides.open();
    const reports: CaseReport[] = [];
    for (const item of cases)
      if (options.only === null || options.only === item.name)
        reports.push(await runCase(sides, item, options));
    return { name: 'mongo-copy', cases: reports, note };
  },
};

const note =
  'One mongod (a replica set of one member), data in memory; everybody confirms by a majority, and the start of Node is in the time of ours, `pipe` and `driver`. After each run of ours, `pipe` and `mongodump` both sides are the same to the byte; `driver` changes types, so its documents are counted. `pcsm` (Percona ClusterSync) is missing everywhere: it copies clusters, not collections, and is not driven from here.';

/** A database for either side of one server. */
class Sides implements AsyncDisposable {
  readonly scratch: string;
  readonly urls: { readonly source: string; readonly target: string };
  readonly source: Db;
  readonly target: Db;
  readonly #owned: AsyncDisposableStack;

  private constructor(owned: AsyncDisposableStack, parts: Pick<Sides, 'scratch' | 'urls'>) {
    this.#owned = owned;
    this.scratch = parts.scratch;
    this.urls = parts.urls;
    this.source = owned.use(new MongoClient(parts.urls.source)).db();
    this.target = owned.use(new MongoClient(parts.urls.target)).db();
  }

  static async open(): Promise<Sides> {
    await using owned = new AsyncDisposableStack();
    const server = owned.use(await startBenchMongo({ durable: false }));
    const scratch = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
    owned.defer(() => rm(scratch, { recursive: true, force: true }));
    const [source, target] = [databaseUrl(server, 'bench_source'), databaseUrl(server, 'bench_target')];
    return new Sides(owned.move(), { scratch, urls: { source, target } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

async function runCase(sides: Sides, item: CopyCase, options: BenchmarkOptions): Promise<CaseReport> {
  const count = options.quick ? 50_000 : 1_000_000;
  options.log(`${item.name}: making ${count.toLocaleString('en')} documents`);
  await sides.source.dropDatabase();
  await fill(sides.source, { collection, documentOf: item.documentOf, count });
  const hasTools = await hasDumpTools();
  const contestant = contestantsOf(sides);
  const contestants = [
    contestant('ours', (run) => runOurs({ ...ours(sides), store: storeOf(sides, item.name, run) }), {
      makesIt: true,
    }),
    contestant('pipe', () => runPeer('pipe', sides.urls)),
    contestant('driver', () => runPeer('driver', sides.urls), { count }),
    ...(hasTools ? [contestant('mongodump', () => dumpAndRestore(sides.urls))] : []),
  ];
  return contest(item.name, contestants, {
    // Whatever the machine has: see the note.
    missing: [...(hasTools ? [] : ['mongodump']), 'pcsm'],
    rows: count,
    unit: 'documents',
    chosen: options.contestants,
    rounds: options.rounds ?? (options.quick ? 1 : 3),
    log: options.log,
  });
}

const ours = ({ urls }: Sides) =>
  ({ configuration: 'documents', source: urls.source, destination: urls.target, verb: 'run' }) as const;

const storeOf = ({ scratch }: Sides, name: string, run: number): string => join(scratch, `${name}-${run}.db`);

/**
 * Each begins with an empty collection and nothing that is remembered. `makesIt`: without one. `count`: types are not kept, so only this is
 * proved.
 */
const contestantsOf =
  (sides: Sides) =>
  (
    name: string,
    run: (number: number) => Promise<Run>,
    { count, makesIt = false }: { readonly count?: number; readonly makesIt?: boolean } = {},
  ): Contestant => {
    let number = 0;
    return {
      name,
      async prepare() {
        number += 1;
        await sides.target.dropDatabase();
        if (!makesIt) await sides.target.createCollection(collection);
        await sides.target.admin().command({ fsync: 1 });
      },
      run: () => run(number),
      proof: () =>
        count === undefined
          ? expectSameBytes(sides.source, sides.target, collection)
          : expectCount(sides.target, collection, count),
    };
  };
