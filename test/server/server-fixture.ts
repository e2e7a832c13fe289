import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { EventBus } from '../../src/engine/event-bus.ts';
import type { EventSink } from '../../src/protocol/events.ts';
import { openServer, type ServerOptions } from '../../src/server/open-server.ts';
import { createLockstep } from '../../src/service/create-lockstep.ts';
import type { Lockstep } from '../../src/service/lockstep.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of JSON. */
  readonly body: unknown;
}

export interface TestServer extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly events: EventSink;
  readonly url: string;
  readonly storeFile: string;
  readonly store: Awaited<ReturnType<typeof openSqliteStore>>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  ask(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

const side = { connector: 'postgres', url: 'postgres://app:canary-pass@127.0.0.1:1/shop' } as const;
const common = { source: side, destination: side, collections: ['orders'] };

/** The server over an engine of the real class; its pipelines are never started, so tests tell its events themselves. */
export async function openTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await temporaryDirectory());
  const pipelines = {
    shop: { ...common, mode: 'live' },
    crm: { ...common, mode: 'live' },
    stock: common,
  } as const;
  const engine = opened.use(await createLockstep({ pipelines }, { directory: directory.path, env: {} }));
  const { events } = engine;
  if (!(events instanceof EventBus)) throw new Error('the engine’s events can’t be told from here');
  const storeFile = join(directory.path, '.lockstep', 'lockstep.db');
  const store = opened.use(await openSqliteStore({ path: storeFile }));
  const server = opened.use(
    await openServer({
      engine,
      pipelines: engine.livePipelines,
      address: { host: '127.0.0.1', port: 0 },
      token: null,
      redact: (text) => text,
      ...options,
    }),
  );
  const kept = opened.move();
  const ask: TestServer['ask'] = (method, path, headers = {}) =>
    askPath(server.url, { method, path }, headers);
  const get: TestServer['get'] = (path, headers) => ask('GET', path, headers);
  const { url } = server;
  return {
    engine,
    events,
    url,
    storeFile,
    store,
    get,
    ask,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** As `fetch`, which does not let a Host header through. */
function askPath(
  url: string,
  { method, path }: { readonly method: string; readonly path: string },
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { hostname, port } = new URL(url);
  const asked = request({ hostname, port, method, path, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    response.on('end', () => {
      const isJson = /json/.test(response.headers['content-type'] ?? '');
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : null,
      });
    });
  });
  asked.on('error', reject).end();
  return promise;
}
