import type { Context } from 'hono';
import type { Lockstep } from '../../service/lockstep.ts';
import type { StatusView } from '../../service/status-view.ts';
import type { Liveness } from '../liveness.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Readiness } from '../readiness.ts';

/** The verbs that HTTP offers: all that neither start nor remove a pipeline, and no row of a letter. */
export type RouteEngine = Omit<
  Lockstep,
  'start' | 'startAll' | 'remove' | 'letter' | 'status' | typeof Symbol.asyncDispose
>;

/** What routes answer from. */
export interface RouteParts {
  readonly engine: RouteEngine;
  readonly statuses: StatusView;
  readonly readiness: Readiness;
  readonly liveness: Liveness;
  readonly metrics: Metrics;
}

/** One path, with what the API's description says of it. */
export interface Route {
  /** Default: `get`. `post` for what changes something, or takes long. */
  readonly method?: 'get' | 'post';
  /** As hono spells it: `/api/v1/pipelines/:name`. */
  readonly path: string;
  readonly summary: string;
  /** JSON Schema of what is sent, if anything may be. */
  readonly body?: object;
  readonly answers: Readonly<Record<string, Answer>>;
  answer(context: Context, parts: RouteParts): Response | Promise<Response>;
}

export interface Answer {
  readonly description: string;
  readonly type: string;
  /** JSON Schema of the body, for JSON. */
  readonly schema?: object;
}
