import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { onlyReads, unauthorized } from '../../service/http-failures.ts';
import { isReading } from './reading.ts';

/** Null: there is none. */
export interface Tokens {
  /** Of whoever may ask for everything. */
  readonly token: string | null;
  /** Of whoever may only look. */
  readonly readToken: string | null;
}

const openPaths: readonly string[] = ['/healthz'];

/** Everything but /healthz needs a token; no token at all: everybody on this machine may ask for everything. */
export function needToken({ token, readToken }: Tokens): MiddlewareHandler {
  const full = digestOf(token);
  const reading = digestOf(readToken);
  const isOpen = full === null && reading === null;
  return async (context, next) => {
    if (!isOpen && !openPaths.includes(context.req.path)) {
      const given = digestOf(bearerOf(context.req.header('authorization')));
      const mayAll = isSame(given, full);
      if (!mayAll && !isSame(given, reading)) throw unauthorized();
      if (!mayAll && !isReading(context.req.method)) throw onlyReads();
    }
    await next();
  };
}

const bearerOf = (header: string | undefined): string | null =>
  /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? null;

/** Digests have one length, so that comparing tells nothing about the token's. */
const digestOf = (text: string | null): Buffer | null =>
  text === null ? null : createHash('sha256').update(text).digest();

const isSame = (given: Buffer | null, wanted: Buffer | null): boolean =>
  given !== null && wanted !== null && timingSafeEqual(given, wanted);
