import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { bodyTooLarge, pathUnknown } from '../service/http-failures.ts';
import type { Redactor } from '../service/redact.ts';
import { ownHostOnly } from './access/own-host.ts';
import { ownOriginOnly } from './access/own-origin.ts';
import { needToken, type Tokens } from './access/token.ts';
import { problemResponse } from './problem-response.ts';
import { redacting } from './redacting.ts';
import { alerts, testAlerts } from './routes/alerts.ts';
import { connections } from './routes/connections.ts';
import { healthz } from './routes/healthz.ts';
import { metrics } from './routes/metrics.ts';
import { openapiRoute } from './routes/openapi.ts';
import { pipeline } from './routes/pipeline.ts';
import { pipelines } from './routes/pipelines.ts';
import { readyz } from './routes/readyz.ts';
import type { Route, RouteParts } from './routes/route.ts';
import { runs } from './routes/runs.ts';
import { rotateSecrets, secrets, verifySecrets } from './routes/secrets.ts';
import { generationVerbs } from './routes/verbs/generations.ts';
import { letterVerbs } from './routes/verbs/letters.ts';
import { passVerbs } from './routes/verbs/passes.ts';
import { pausingVerbs } from './routes/verbs/pausing.ts';
import { requestVerbs } from './routes/verbs/requests.ts';

const answering: readonly Route[] = [
  healthz,
  readyz,
  metrics,
  pipelines,
  pipeline,
  runs,
  ...generationVerbs,
  ...letterVerbs,
  ...passVerbs,
  ...pausingVerbs,
  ...requestVerbs,
  alerts,
  testAlerts,
  secrets,
  verifySecrets,
  rotateSecrets,
  connections,
];
export const routes: readonly Route[] = [...answering, openapiRoute(answering)];

export interface AppOptions extends RouteParts, Tokens {
  /** What the server is bound to. */
  readonly host: string;
  readonly redact: Redactor;
}

/** What a body may hold: names and numbers, of letters a few thousand. */
const mostBodyBytes = 65_536;

/** The routes behind their guards. Every body passes the redactor last: no secret leaves by HTTP either. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.use(redacting(options.redact));
  app.use(ownHostOnly(options.host));
  app.use(ownOriginOnly());
  app.use(needToken(options));
  app.use(bodyLimit({ maxSize: mostBodyBytes, onError: () => problemResponse(bodyTooLarge(mostBodyBytes)) }));
  for (const { path, method = 'get', answer } of routes)
    app.on(method.toUpperCase(), path, (context) => answer(context, options));
  app.notFound(() => problemResponse(pathUnknown()));
  app.onError((error) => problemResponse(error));
  return app;
}
