import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createLockstep } from '../../src/index.ts';
import { metricsCatalogue } from '../../src/server/metrics/catalogue.ts';
import type { MetricDefinition } from '../../src/server/metrics/definitions/definition.ts';
import { Metrics } from '../../src/server/metrics/metrics.ts';
import { StatusView } from '../../src/service/status-view.ts';
import { askedBy } from './promql.ts';

const file = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');

interface Expression {
  readonly where: string;
  readonly text: string;
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

async function rules(): Promise<readonly Rule[]> {
  const { groups }: { groups: readonly { rules: readonly Rule[] }[] } = parse(
    await file('deploy/prometheus/rules.yaml'),
  );
  return groups.flatMap((group) => group.rules);
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

async function dashboard(): Promise<{
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}> {
  return JSON.parse(await file('deploy/grafana/lockstep.json'));
}

async function expressions(): Promise<readonly Expression[]> {
  const fromRules = (await rules()).map(({ alert, expr }) => ({ where: alert, text: expr }));
  const { panels, templating } = await dashboard();
  const fromPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: title, text: expr })),
  );
  const fromVariables = templating.list.flatMap(({ definition }) =>
    definition === undefined ? [] : [{ where: 'variables', text: definition }],
  );
  return [...fromRules, ...fromPanels, ...fromVariables];
}

/** What Prometheus itself adds to every sample, and makes of every target. */
const ofPrometheus = { metrics: ['up'], labels: ['job', 'instance'] };
const catalogue: Readonly<Record<string, MetricDefinition>> = metricsCatalogue;

/** The metric of a sample: histograms have three. */
function metricOf(sample: string): MetricDefinition | undefined {
  const base = sample.replace(/_(bucket|sum|count)$/, '');
  return catalogue[sample] ?? (catalogue[base]?.type === 'histogram' ? catalogue[base] : undefined);
}

test('every expression asks for metrics and labels that there are', async () => {
  const all = await expressions();
  expect(all.length).toBeGreaterThan(35);
  for (const { where, text } of all) {
    if (text.startsWith('label_values(')) continue;
    const { metrics, labels } = askedBy(text);
    const known = metrics.filter((name) => !ofPrometheus.metrics.includes(name));
    expect(metrics.length, where).toBeGreaterThan(0);
    expect(
      known.filter((name) => metricOf(name) === undefined),
      where,
    ).toEqual([]);
    const allowed = new Set([
      ...ofPrometheus.labels,
      ...known.flatMap((name) => [
        ...(metricOf(name)?.labels ?? []),
        ...(metricOf(name)?.type === 'histogram' ? ['le'] : []),
      ]),
    ]);
    expect(
      labels.filter((label) => !allowed.has(label)),
      where,
    ).toEqual([]);
  }
});

test('the alarm of comparisons goes by the time between comparisons, not between runs', async () => {
  const unproven = (await rules()).find(({ alert }) => alert === 'LockstepUnproven');
  expect(askedBy(unproven?.expr ?? '').metrics).toEqual([
    'lockstep_proven_equal_timestamp_seconds',
    'lockstep_comparison_interval_seconds',
  ]);
});

test('the reader of expressions finds what is wrong', () => {
  expect(
    askedBy('sum by (pipeline, code) (rate(a_total{x=~"y", z!="w"}[5m])) / on (q) b > 0.5 and c == 1e3'),
  ).toEqual({
    metrics: ['a_total', 'b', 'c'],
    labels: ['pipeline', 'code', 'q', 'x', 'z'],
  });
});

test('texts of rules and legends name labels that their metrics have', async () => {
  const { panels } = await dashboard();
  const legends = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: title,
      expr,
      labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    })),
  );
  const summaries = (await rules()).map(({ alert, expr, annotations }) => ({
    where: alert,
    expr,
    labels: [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
  }));
  for (const { where, expr, labels } of [...legends, ...summaries]) {
    const { metrics } = askedBy(expr);
    const has = new Set([...ofPrometheus.labels, ...metrics.flatMap((name) => metricOf(name)?.labels ?? [])]);
    expect(
      labels.filter((label) => !has.has(label)),
      where,
    ).toEqual([]);
  }
});

test('exactly the metrics of the catalogue are registered', async () => {
  const side = { connector: 'postgres', url: 'postgres://app:pass@127.0.0.1:1/shop' } as const;
  const pipelines = { shop: { source: side, destination: side, collections: ['orders'] } };
  await using engine = await createLockstep({ pipelines }, { env: {} });
  using statuses = new StatusView(engine);
  using metrics = new Metrics(engine, statuses, ['shop']);
  expect([...metrics.names].sort()).toEqual(Object.keys(metricsCatalogue).sort());
});

test('panels have numbers of their own, and all but rows ask for something', async () => {
  const { panels } = await dashboard();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(panels.filter(({ type, targets = [] }) => type !== 'row' && targets.length === 0)).toEqual([]);
});
