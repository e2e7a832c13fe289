import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { unauthorized } from '../../service/http-failures.ts';

const openPaths: readonly string[] = ['/healthz'];

/** Everything but /healthz needs the token; no token: everybody on this machine may ask. */
export function needToken(token: string | null): MiddlewareHandler {
  const wanted = token === null ? null : digestOf(token);
  return async (context, next) => {
    if (
      wanted !== null &&
      !openPaths.includes(context.req.path) &&
      !isGiven(context.req.header('authorization'), wanted)
    )
      throw unauthorized();
    await next();
  };
}

function isGiven(header: string | undefined, wanted: Buffer): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  // Digests have one length, so that comparing tells nothing about the token's.
  return given !== undefined && timingSafeEqual(digestOf(given), wanted);
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
