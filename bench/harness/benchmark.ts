/** What `--json` prints as its last line (DESIGN, section 7). */
export interface BenchmarkReport {
  readonly name: string;
  readonly cases: readonly CaseReport[];
  readonly note: string;
}

export interface CaseReport {
  readonly case: string;
  /** In `unit`; the median of the rounds. */
  readonly ours: number;
  readonly peers: Readonly<Record<string, number | 'missing'>>;
  /** Above 1: we are ahead. From the medians. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly unit: string;
  readonly cpuSeconds: number;
  /** The sum over all our processes, servers not counted. */
  readonly peakRssMb: number;
  /** Where waiting is measured: ours, and that of the peers. */
  readonly latencyMs?: Latency & { readonly peers: Readonly<Record<string, Latency>> };
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export interface BenchmarkOptions {
  readonly quick: boolean;
  readonly only: string | null;
  readonly rounds: number | null;
  /** Null: all take part. */
  readonly contestants: readonly string[] | null;
  readonly log: (line: string) => void;
}

export interface Benchmark {
  run(options: BenchmarkOptions): Promise<BenchmarkReport>;
}

/** One measured run; `seconds` from the command to the last durable row. */
export interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  /** How much was done in these seconds, where the time is given and not the amount. */
  readonly done?: number;
  readonly latencyMs?: Latency;
}

/** Somebody who does the same work. `prepare` is not measured; `proof` throws when the destination does not hold the truth. */
export interface Contestant {
  readonly name: string;
  /** Takes part in so many rounds at most; for what takes very long. */
  readonly rounds?: number;
  prepare(): Promise<void>;
  run(): Promise<Run>;
  proof(): Promise<void>;
}

export interface ContestOptions {
  /** What everybody has to do, in units; a run's own `done` counts where it has one. */
  readonly rows: number;
  /** Default: rows. */
  readonly unit?: string;
  readonly rounds: number;
  readonly chosen: readonly string[] | null;
  /** Peers whose programs this machine does not have. */
  readonly missing: readonly string[];
  readonly log: (line: string) => void;
}

/** By contestant's name. */
export type Runs = ReadonlyMap<string, readonly Run[]>;

/** Ours and the peers in turn, so that a slow minute of the machine hits all of them. The first contestant is ours. */
export async function contest(
  caseName: string,
  contestants: readonly Contestant[],
  options: ContestOptions,
): Promise<CaseReport> {
  const runs = await takeTurns(caseName, contestants, options);
  const names = contestants.map(({ name }) => name);
  const took = names.filter((name, index) => index === 0 || runs.has(name));
  return report(caseName, took, { ...options, runs });
}

export async function takeTurns(
  caseName: string,
  contestants: readonly Contestant[],
  { rounds, chosen, log }: Pick<ContestOptions, 'rounds' | 'chosen' | 'log'>,
): Promise<Runs> {
  const takesPart = ({ name }: Contestant): boolean => chosen === null || chosen.includes(name);
  const taking = contestants.filter(takesPart);
  if (taking.length === 0)
    throw new Error(`nobody takes part: there are ${contestants.map(({ name }) => name).join(', ')}`);
  const runs = new Map<string, Run[]>(taking.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of taking) {
      if (round > (contestant.rounds ?? rounds)) continue;
      await contestant.prepare();
      const run = await contestant.run();
      await contestant.proof();
      runs.get(contestant.name)?.push(run);
      log(`${caseName} round ${round} ${contestant.name}: ${describeRun(run)}`);
    }
  }
  return runs;
}

function describeRun({ seconds, done, latencyMs, peakRssMb }: Run): string {
  return [
    `${seconds.toFixed(2)} s`,
    ...(done === undefined ? [] : [`${Math.round(done / seconds).toLocaleString('en')}/s`]),
    ...(latencyMs === undefined ? [] : [`p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`]),
    ...(peakRssMb === 0 ? [] : [`${Math.round(peakRssMb)} MB`]),
  ].join(', ');
}

function report(
  caseName: string,
  [own = '', ...others]: readonly string[],
  {
    runs,
    missing,
    rows,
    unit = 'rows',
  }: Pick<ContestOptions, 'missing' | 'rows' | 'unit'> & { readonly runs: Runs },
): CaseReport {
  const rate = (name: string) =>
    median((runs.get(name) ?? []).map(({ done = rows, seconds }) => done / seconds));
  return {
    case: caseName,
    ours: Math.round(rate(own)),
    peers: Object.fromEntries([
      ...others.map((name) => [name, Math.round(rate(name))]),
      ...missing.map((name) => [name, 'missing']),
    ]),
    ratios: Object.fromEntries(others.map((name) => [name, ratio(rate(own), rate(name))])),
    unit: `${unit}/s`,
    ...costOf(runs.get(own) ?? []),
  };
}

/** What we cost in a case: the median of CPU time, the worst of memory. */
export const costOf = (runs: readonly Run[]): Pick<CaseReport, 'cpuSeconds' | 'peakRssMb'> => ({
  cpuSeconds: Number(median(runs.map((run) => run.cpuSeconds)).toFixed(2)),
  peakRssMb: Math.round(Math.max(...runs.map((run) => run.peakRssMb))),
});

export const ratio = (a: number, b: number): number => Number((a / b).toFixed(2));

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
