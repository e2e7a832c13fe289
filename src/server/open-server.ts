import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Lockstep } from '../service/lockstep.ts';
import type { Redactor } from '../service/redact.ts';
import { StatusView } from '../service/status-view.ts';
import { type HttpAddress, spellAddress } from './access/address.ts';
import type { Tokens } from './access/token.ts';
import { Answering } from './answering.ts';
import { createApp } from './app.ts';
import { close, type HttpServer, listen, mustBeGuarded } from './listening.ts';
import { Liveness } from './liveness.ts';
import { Metrics } from './metrics/metrics.ts';
import { Readiness } from './readiness.ts';

/** One token at least is needed for any address that others can reach. */
export interface ServerOptions extends Tokens {
  readonly engine: Lockstep;
  /** Those that this process runs: they decide about readiness. */
  readonly pipelines: readonly string[];
  readonly address: HttpAddress;
  readonly redact: Redactor;
}

/** Open before the pipelines begin, so that it hears all they tell. Throws `token-needed` or `listen-failed`. */
export async function openServer(options: ServerOptions): Promise<HttpServer> {
  const { engine, pipelines, address, token, readToken, redact } = options;
  mustBeGuarded(address, [token, readToken]);
  await using resources = new AsyncDisposableStack();
  const readiness = resources.use(new Readiness(engine.events, pipelines));
  const liveness = resources.use(new Liveness(engine.events));
  const statuses = resources.use(new StatusView(engine));
  const metrics = resources.use(new Metrics(engine, statuses, pipelines));
  const { host } = address;
  const parts = {
    engine,
    statuses,
    readiness,
    liveness,
    metrics,
  };
  const answering = new Answering();
  const app = createApp({ ...parts, host, token, readToken, redact });
  const server = createServer(
    getRequestListener((request) => answering.during(Promise.resolve(app.fetch(request)))),
  );
  const port = await listen(server, address);
  resources.defer(async () => {
    await close(server);
    await answering.ended();
  });
  const kept = resources.move();
  return { url: `http://${spellAddress({ host, port })}`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
