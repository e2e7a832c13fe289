import type { Lockstep } from '../../src/index.ts';
import { openServer } from '../../src/server/open-server.ts';
import { type Answer, ask } from './ask.ts';

/** The server over an engine with the pipeline `it`; paths are below that. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
}

export async function serve(engine: Lockstep): Promise<Served> {
  const server = await openServer({
    engine,
    pipelines: engine.startedPipelines,
    address: { host: '127.0.0.1', port: 0 },
    token: null,
    readToken: null,
    redact: (text) => text,
  });
  const { url } = server;
  const below = '/api/v1/pipelines/it/';
  return {
    url,
    get: (path) => ask(url, { method: 'GET', path: below + path }),
    post: (path, body) =>
      ask(url, {
        method: 'POST',
        path: below + path,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(server[Symbol.asyncDispose]()),
  };
}
