import { join } from 'node:path';
import { EventBus } from '../../src/engine/event-bus.ts';
import type { EventSink } from '../../src/protocol/events.ts';
import { openServer, type ServerOptions } from '../../src/server/open-server.ts';
import type { PipelineConfig } from '../../src/service/config/define-config.ts';
import { createLockstep } from '../../src/service/create-lockstep.ts';
import type { Lockstep } from '../../src/service/lockstep.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { type Answer, ask } from './ask.ts';

export interface TestServer extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly events: EventSink;
  readonly url: string;
  readonly storeFile: string;
  readonly store: Awaited<ReturnType<typeof openSqliteStore>>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

const side = { connector: 'postgres', url: 'postgres://app:canary-pass@127.0.0.1:1/shop' } as const;
const common = { source: side, destination: side, collections: ['orders'] };

/** The server over an engine of the real class; its pipelines are never started, so tests tell its events themselves. */
export async function openTestServer(
  options: Partial<ServerOptions> & {
    readonly keys?: readonly string[];
    /** Of `stock`. */
    readonly schedule?: PipelineConfig['schedule'];
  } = {},
): Promise<TestServer> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await temporaryDirectory());
  const pipelines = {
    shop: { ...common, mode: 'live' },
    crm: { ...common, mode: 'live' },
    stock: options.schedule === undefined ? common : { ...common, schedule: options.schedule },
  } as const;
  const engine = opened.use(
    await createLockstep(
      { pipelines },
      { directory: directory.path, env: { LOCKSTEP_KEYS: options.keys?.join() } },
    ),
  );
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
      readToken: null,
      redact: (text) => text,
      ...options,
    }),
  );
  const kept = opened.move();
  const { url } = server;
  const get: TestServer['get'] = (path, headers = {}) => ask(url, { method: 'GET', path, headers });
  const post: TestServer['post'] = (path, headers = {}) => ask(url, { method: 'POST', path, headers });
  return {
    engine,
    events,
    url,
    storeFile,
    store,
    get,
    post,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
