import { Hono, type MiddlewareHandler } from 'hono';
import { pathUnknown } from '../service/http-failures.ts';
import type { Redactor } from '../service/redact.ts';
import { ownHostOnly } from './access/own-host.ts';
import { ownOriginOnly } from './access/own-origin.ts';
import { needToken } from './access/token.ts';
import { problemOf } from './problem.ts';
import { alerts, testAlerts } from './routes/alerts.ts';
import { healthz } from './routes/healthz.ts';
import { metrics } from './routes/metrics.ts';
import { openapiRoute } from './routes/openapi.ts';
import { pipeline } from './routes/pipeline.ts';
import { pipelines } from './routes/pipelines.ts';
import { readyz } from './routes/readyz.ts';
import type { Route, RouteParts } from './routes/route.ts';
import { runs } from './routes/runs.ts';
import { rotateSecrets, secrets, verifySecrets } from './routes/secrets.ts';

const answering: readonly Route[] = [
  healthz,
  readyz,
  metrics,
  pipelines,
  pipeline,
  runs,
  alerts,
  testAlerts,
  secrets,
  verifySecrets,
  rotateSecrets,
];
export const routes: readonly Route[] = [...answering, openapiRoute(answering)];

export interface AppOptions extends RouteParts {
  /** What the server is bound to. */
  readonly host: string;
  readonly token: string | null;
  readonly redact: Redactor;
}

/** The routes behind their guards. Every body passes the redactor last: no secret leaves by HTTP either. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.use(redacting(options.redact));
  app.use(ownHostOnly(options.host));
  app.use(ownOriginOnly());
  app.use(needToken(options.token));
  for (const { path, method = 'get', answer } of routes)
    app.on(method.toUpperCase(), path, (context) => answer(context, options));
  app.notFound(() => problemResponse(pathUnknown()));
  app.onError((error) => problemResponse(error));
  return app;
}

function redacting(redact: Redactor): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { status, headers } = context.res;
    headers.set('cache-control', 'no-store');
    headers.set('x-content-type-options', 'nosniff');
    context.res = new Response(redact(await context.res.text()), { status, headers });
  };
}

function problemResponse(thrown: unknown): Response {
  const { status, problem } = problemOf(thrown);
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (status === 401) headers.set('www-authenticate', 'Bearer');
  return new Response(JSON.stringify(problem), { status, headers });
}
