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
}

export interface BenchmarkOptions {
  readonly quick: boolean;
  readonly only: string | null;
  readonly rounds: number | null;
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
}

/** Somebody who does the same work. `prepare` is not measured; `proof` throws when the destination does not hold the truth. */
export interface Contestant {
  readonly name: string;
  prepare(): Promise<void>;
  run(): Promise<Run>;
  proof(): Promise<void>;
}

export interface ContestOptions {
  readonly rows: number;
  readonly rounds: number;
  /** Peers whose programs this machine does not have. */
  readonly missing: readonly string[];
  readonly log: (line: string) => void;
}

/** Ours and the peers in turn, so that a slow minute of the machine hits all of them. The first contestant is ours. */
export async function contest(
  caseName: string,
  contestants: readonly Contestant[],
  options: ContestOptions,
): Promise<CaseReport> {
  const { missing } = options;
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contestant of contestants) {
      await contestant.prepare();
      const run = await contestant.run();
      await contestant.proof();
      runs.get(contestant.name)?.push(run);
      options.log(`${caseName} round ${round} ${contestant.name}: ${run.seconds.toFixed(2)} s`);
    }
  }
  return report(
    caseName,
    contestants.map(({ name }) => name),
    { runs, missing, rows: options.rows },
  );
}

function report(
  caseName: string,
  [own = '', ...others]: readonly string[],
  {
    runs,
    missing,
    rows,
  }: { runs: ReadonlyMap<string, readonly Run[]>; missing: readonly string[]; rows: number },
): CaseReport {
  const seconds = (name: string) => median((runs.get(name) ?? []).map((run) => run.seconds));
  const rate = (name: string) => Math.round(rows / seconds(name));
  const ours = runs.get(own) ?? [];
  return {
    case: caseName,
    ours: rate(own),
    peers: Object.fromEntries([
      ...others.map((name) => [name, rate(name)]),
      ...missing.map((name) => [name, 'missing']),
    ]),
    ratios: Object.fromEntries(
      others.map((name) => [name, Number((seconds(name) / seconds(own)).toFixed(2))]),
    ),
    unit: 'rows/s',
    cpuSeconds: Number(median(ours.map((run) => run.cpuSeconds)).toFixed(2)),
    peakRssMb: Math.round(Math.max(...ours.map((run) => run.peakRssMb))),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
