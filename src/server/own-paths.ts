import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { pathUnknown } from '../service/http-failures.ts';
import { createRedactor, type Redactor } from '../service/redact.ts';
import { spellAddress } from './access/address.ts';
import { ownHostOnly } from './access/own-host.ts';
import { needToken } from './access/token.ts';
import { close, type HttpServer, listen, mustBeGuarded } from './listening.ts';
import type { OwnPathsOptions } from './open-own-paths.ts';
import { problemResponse } from './problem-response.ts';
import { redacting } from './redacting.ts';

export async function serveOwnPaths(options: OwnPathsOptions): Promise<HttpServer> {
  const { host, port, token, paths } = options;
  const address = { host, port };
  const secret = token?.reveal() ?? null;
  mustBeGuarded(address, [secret]);
  const app = new Hono();
  app.use(redacting(redactorOf(options)));
  app.use(ownHostOnly(host));
  app.use(needToken({ token: secret, readToken: null }));
  for (const [path, answer] of Object.entries(paths))
    app.get(path, () => {
      const { status, type, body } = answer();
      // Who asks once a minute must not find a connection that has just been given up.
      const headers = { 'content-type': type, connection: 'close' };
      return new Response(body, { status, headers });
    });
  app.notFound(() => problemResponse(pathUnknown()));
  app.onError((error) => problemResponse(error));
  const server = createServer(getRequestListener(app.fetch));
  const bound = await listen(server, address);
  return {
    url: `http://${spellAddress({ host, port: bound })}`,
    [Symbol.asyncDispose]: () => close(server),
  };
}

const redactorOf = ({ token, secrets, publicWords }: OwnPathsOptions): Redactor =>
  createRedactor(token === null ? secrets : [...secrets, token], publicWords);
