import { once } from 'node:events';
import type { Server } from 'node:http';
import { listenFailed, tokenNeeded } from '../service/http-failures.ts';
import { type HttpAddress, isLoopback, spellAddress } from './access/address.ts';

/** Listening; disposing of it stops that. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
}

const shortestToken = 16;
/** Requests that are under way when it closes get this long. */
const drainMs = 2_000;

/** One token at least is needed for any address that others can reach, and none may be short. */
export function mustBeGuarded(address: HttpAddress, tokens: readonly (string | null)[]): void {
  const given = tokens.filter((token) => token !== null);
  const isGuarded = given.length > 0 || isLoopback(address.host);
  if (!isGuarded || given.some(({ length }) => length < shortestToken))
    throw tokenNeeded(spellAddress(address));
}

/** The port. Throws `listen-failed`. */
export async function listen(server: Server, address: HttpAddress): Promise<number> {
  try {
    server.listen({ host: address.host, port: address.port });
    await once(server, 'listening');
  } catch (thrown) {
    throw listenFailed(spellAddress(address), thrown);
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : address.port;
}

export async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(timer);
}
