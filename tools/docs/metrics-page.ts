import type { MetricDefinition } from '../../src/server/metrics/definitions/definition.ts';

export interface MetricFamily {
  readonly title: string;
  readonly metrics: Readonly<Record<string, MetricDefinition>>;
}

/** The page of all metrics; each name is a heading, so that `metrics.md#name` is its address. */
export function metricsPage(families: readonly MetricFamily[]): string {
  return [
    '<!-- Generated from src/server/metrics/definitions by `npm run docs`; change it there. -->',
    '# Metrics',
    '',
    '`lockstep start` answers `/metrics` in the text format of Prometheus ([HTTP](http.md)). What is not known has no sample: a zero would look ' +
      'like news. Every metric has this name, these labels and this unit, and no other is registered. ' +
      '[Rules and a dashboard](../operations/watch.md) are in `deploy/`.',
    '',
    ...families.flatMap(familySection),
  ].join('\n');
}

const familySection = ({ title, metrics }: MetricFamily): readonly string[] => [
  `## ${title}`,
  '',
  ...Object.entries(metrics).flatMap(([name, metric]) => metricSection(name, metric)),
];

const metricSection = (
  name: string,
  { type, labels, unit, help, bad }: MetricDefinition,
): readonly string[] => [
  `### ${name}`,
  '',
  help,
  '',
  `- **Type** ${type}`,
  `- **Unit** ${unit}`,
  `- **Labels** ${labels.length === 0 ? 'none' : labels.map((label) => `\`${label}\``).join(', ')}`,
  ...(bad === '' ? [] : [`- **Bad** ${bad}`]),
  '',
];
