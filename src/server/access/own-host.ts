import type { MiddlewareHandler } from 'hono';
import { hostRefused } from '../../service/http-failures.ts';
import { isLoopback } from './address.ts';

/**
 * Bound to this machine alone, a server is still reached by any page in a browser here, through a name of the page's own that suddenly means
 * 127.0.0.1 (DNS rebinding). Such a request names the page's host.
 */
export function ownHostOnly(boundTo: string): MiddlewareHandler {
  return async (context, next) => {
    if (isLoopback(boundTo) && !namesUs(context.req.header('host'))) throw hostRefused();
    await next();
  };
}

function namesUs(header: string | undefined): boolean {
  const host = /^(\[[^\]]+\]|[^:]*)(:\d+)?$/.exec(header ?? '')?.[1] ?? '';
  return isLoopback(host.toLowerCase().replace(/^\[|\]$/g, ''));
}
