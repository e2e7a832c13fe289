import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

/** What it does with a request: a status (with headers), no answer at all, or a cut connection. */
export type Behaviour =
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut' };

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** When it came, by a clock that does not jump. */
  readonly atMs: number;
  /** As JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A webhook’s other end. */
export interface HttpReceiver extends AsyncDisposable {
  readonly url: string;
  /** What was taken, in order. */
  readonly taken: readonly Received[];
  /** Every request, whatever came of it. */
  readonly asked: readonly Received[];
  behave(behaviour: Behaviour): void;
}

export const takes: Behaviour = { kind: 'answer', status: 200 };

export async function startHttpReceiver(behaviour: Behaviour = takes): Promise<HttpReceiver> {
  let current = behaviour;
  const taken: Received[] = [];
  const asked: Received[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const bytes = Buffer.concat(pieces);
      const received = {
        headers: request.headers,
        bytes,
        atMs: performance.now(),
        body: JSON.parse(bytes.toString()),
      };
      asked.push(received);
      if (current.kind === 'answer' && current.status < 300) taken.push(received);
      answer(response, current);
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook/planted-path`,
    taken,
    asked,
    behave: (next) => {
      current = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, behaviour: Behaviour): void {
  switch (behaviour.kind) {
    case 'answer':
      response.writeHead(behaviour.status, behaviour.headers).end('ok');
      return;
    case 'hang':
      return;
    case 'cut':
      response.destroy();
  }
}
