import type { MiddlewareHandler } from 'hono';
import type { Redactor } from '../service/redact.ts';

/** Comes before everything else, so that every body passes it last: no secret leaves by HTTP either, and nobody keeps or guesses what it is. */
export function redacting(redact: Redactor): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { status, headers } = context.res;
    headers.set('cache-control', 'no-store');
    headers.set('x-content-type-options', 'nosniff');
    context.res = new Response(redact(await context.res.text()), { status, headers });
  };
}
