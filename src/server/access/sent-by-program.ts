import type { MiddlewareHandler } from 'hono';
import { notJson } from '../../service/http-failures.ts';

/**
 * A page of another origin can make a browser send a POST here, and only reading the answer is kept from it. With this content type the
 * browser asks first, and we never allow it.
 */
export function sentByProgram(): MiddlewareHandler {
  return async (context, next) => {
    const type = context.req.header('content-type') ?? '';
    if (context.req.method === 'POST' && !/^application\/json\b/i.test(type)) throw notJson();
    await next();
  };
}
