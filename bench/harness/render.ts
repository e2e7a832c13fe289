import type { BenchmarkReport, CaseReport } from './benchmark.ts';

export function renderReport(report: BenchmarkReport): string {
  return [`${report.name}`, ...report.cases.map(renderCase), report.note].join('\n');
}

function renderCase(report: CaseReport): string {
  const peers = Object.entries(report.peers).map(([name, value]) => {
    const ratio = report.ratios[name];
    return value === 'missing' ? `${name} missing` : `${name} ${value.toLocaleString('en')} (ratio ${ratio})`;
  });
  const own = `${report.ours.toLocaleString('en')} ${report.unit}, ${report.cpuSeconds} s CPU, ${report.peakRssMb} MB`;
  return `  ${report.case}: ${[own, ...renderLatency(report), ...peers].join('; ')}`;
}

function renderLatency({ latencyMs }: CaseReport): readonly string[] {
  if (latencyMs === undefined) return [];
  const all = [['ours', latencyMs] as const, ...Object.entries(latencyMs.peers)];
  return [`p99 ${all.map(([name, { p99 }]) => `${name} ${p99}`).join(', ')} ms`];
}
