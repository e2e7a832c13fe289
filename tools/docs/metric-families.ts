import { alertMetrics } from '../../src/server/metrics/definitions/alerts.ts';
import { cursorMetrics } from '../../src/server/metrics/definitions/cursors.ts';
import { lagMetrics } from '../../src/server/metrics/definitions/lag.ts';
import { processMetrics } from '../../src/server/metrics/definitions/process.ts';
import { statusMetrics } from '../../src/server/metrics/definitions/status.ts';
import { streamMetrics } from '../../src/server/metrics/definitions/stream.ts';
import { troubleMetrics } from '../../src/server/metrics/definitions/trouble.ts';
import type { MetricFamily } from './metrics-page.ts';

/** In the order in which somebody asks. A test checks that no metric of the catalogue is missing. */
export const metricFamilies: readonly MetricFamily[] = [
  { title: 'State', metrics: statusMetrics },
  { title: 'Cursors', metrics: cursorMetrics },
  { title: 'Lag and the source', metrics: lagMetrics },
  { title: 'Trouble', metrics: troubleMetrics },
  { title: 'Alerts', metrics: alertMetrics },
  { title: 'Stream', metrics: streamMetrics },
  { title: 'Process', metrics: processMetrics },
];
