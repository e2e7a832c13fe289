import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkReport } from './harness/benchmark.ts';
import { renderReport } from './harness/render.ts';

/** `npm run bench -- NAME [--quick] [--case NAME] [--rounds N] [--only NAME,…] [--json]`: ours and the peers in one run, side by side; `--only` some of them. */
const benchmarks: Readonly<Record<string, () => Promise<{ readonly benchmark: Benchmark }>>> = {
  'featbit-users': () => import('./featbit-users.ts'),
  'mongo-copy': () => import('./mongo-copy.ts'),
  'mongo-live': () => import('./mongo-live.ts'),
  'postgres-copy': () => import('./postgres-copy.ts'),
  'postgres-full': () => import('./postgres-full.ts'),
  'postgres-live': () => import('./postgres-live.ts'),
  'postgres-verify': () => import('./postgres-verify.ts'),
  'user-table': () => import('./user-table.ts'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    case: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
  },
});

const [name = ''] = positionals;
const load = benchmarks[name];
if (load === undefined) {
  console.error(`There is no benchmark ${name}; there are: ${Object.keys(benchmarks).join(', ')}`);
  process.exitCode = 3;
} else {
  const { benchmark } = await load();
  const report: BenchmarkReport = await benchmark.run({
    quick: values.quick ?? false,
    only: values.case ?? null,
    rounds: values.rounds === undefined ? null : Number(values.rounds),
    contestants: values.only?.split(',') ?? null,
    log: (line) => console.error(line),
  });
  console.log(values.json === true ? JSON.stringify(report) : renderReport(report));
}
