import type { MiddlewareHandler } from 'hono';
import { originRefused } from '../../service/http-failures.ts';
import { isReading } from './reading.ts';

/**
 * Any page in a browser here can send a POST to this machine, without being able to read the answer. Browsers say whose page it is; whoever is
 * no browser says nothing.
 */
export function ownOriginOnly(): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header('origin');
    const isOwn = origin === undefined || URL.parse(origin)?.host === context.req.header('host');
    if (!isOwn && !isReading(context.req.method)) throw originRefused();
    await next();
  };
}
