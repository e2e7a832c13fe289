import { alertMetrics } from './definitions/alerts.ts';
import { cursorMetrics } from './definitions/cursors.ts';
import { lagMetrics } from './definitions/lag.ts';
import { processMetrics } from './definitions/process.ts';
import { statusMetrics } from './definitions/status.ts';
import { streamMetrics } from './definitions/stream.ts';
import { troubleMetrics } from './definitions/trouble.ts';

/** All metrics, by name: nothing else is registered, and a test sees to it. */
export const metricsCatalogue = {
  ...statusMetrics,
  ...cursorMetrics,
  ...lagMetrics,
  ...streamMetrics,
  ...troubleMetrics,
  ...alertMetrics,
  ...processMetrics,
} as const;

type Catalogue = typeof metricsCatalogue;
type NameOf<Type> = {
  [Name in keyof Catalogue]: Catalogue[Name]['type'] extends Type ? Name : never;
}[keyof Catalogue];

export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;
