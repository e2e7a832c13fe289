import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { listenFailed, tokenNeeded } from '../service/http-failures.ts';
import type { Lockstep } from '../service/lockstep.ts';
import type { Redactor } from '../service/redact.ts';
import { StatusView } from '../service/status-view.ts';
import { type HttpAddress, isLoopback, spellAddress } from './access/address.ts';
import { createApp } from './app.ts';
import { Liveness } from './liveness.ts';
import { Metrics } from './metrics/metrics.ts';
import { Readiness } from './readiness.ts';

const shortestToken = 16;
/** Requests that are under way when it closes get this long. */
const drainMs = 2_000;

export interface ServerOptions {
  readonly engine: Lockstep;
  /** Those that this process runs: they decide about readiness. */
  readonly pipelines: readonly string[];
  readonly address: HttpAddress;
  /** Needed for any address that others can reach; null: none. */
  readonly token: string | null;
  readonly redact: Redactor;
}

/** Listening; disposing of it stops that. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
}

/** Open before the pipelines begin, so that it hears all they tell. Throws `token-needed` or `listen-failed`. */
export async function openServer(options: ServerOptions): Promise<HttpServer> {
  const { engine, pipelines, address, token, redact } = options;
  mustBeGuarded(address, token);
  await using resources = new AsyncDisposableStack();
  const readiness = resources.use(new Readiness(engine.events, pipelines));
  const liveness = resources.use(new Liveness(engine.events));
  const statuses = resources.use(new StatusView(engine));
  const metrics = resources.use(new Metrics(engine, statuses, pipelines));
  const { host } = address;
  const answering = {
    engine,
    statuses,
    readiness,
    liveness,
    metrics,
    secrets: engine.secrets,
    history: engine,
  };
  const app = createApp({ ...answering, host, token, redact });
  const server = createServer(getRequestListener(app.fetch));
  const port = await listen(server, address);
  resources.defer(() => close(server));
  const kept = resources.move();
  return { url: `http://${spellAddress({ host, port })}`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function mustBeGuarded(address: HttpAddress, token: string | null): void {
  if (token === null ? isLoopback(address.host) : token.length >= shortestToken) return;
  throw tokenNeeded(spellAddress(address));
}

async function listen(server: Server, address: HttpAddress): Promise<number> {
  try {
    server.listen({ host: address.host, port: address.port });
    await once(server, 'listening');
  } catch (thrown) {
    throw listenFailed(spellAddress(address), thrown);
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(timer);
}
