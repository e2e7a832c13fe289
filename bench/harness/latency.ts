import { type CaseReport, costOf, type Latency, median, type Runs, ratio } from './benchmark.ts';

/** Of samples in milliseconds. */
export function latencyOf(samples: readonly number[] | Float64Array): Latency {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}

/** The medians of the rounds; the ratio is that of the medians of waiting: above 1, ours is shorter. */
export function latencyReport(
  caseName: string,
  { own, peers }: { readonly own: string; readonly peers: readonly string[] },
  runs: Runs,
): CaseReport {
  const latency = (name: string): Latency => {
    const each = (runs.get(name) ?? []).flatMap(({ latencyMs }) => latencyMs ?? []);
    return { p50: median(each.map(({ p50 }) => p50)), p99: median(each.map(({ p99 }) => p99)) };
  };
  const ours = latency(own);
  const others = peers.filter((name) => runs.has(name)).map((name) => [name, latency(name)] as const);
  return {
    case: caseName,
    ours: ours.p50,
    peers: Object.fromEntries(others.map(([name, { p50 }]) => [name, p50])),
    ratios: Object.fromEntries(others.map(([name, { p50 }]) => [name, ratio(p50, ours.p50)])),
    unit: 'ms (p50)',
    ...costOf(runs.get(own) ?? []),
    latencyMs: { ...ours, peers: Object.fromEntries(others) },
  };
}
