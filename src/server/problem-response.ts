import { problemOf } from './problem.ts';

/** Whatever went wrong, as RFC 9457 has it. */
export function problemResponse(thrown: unknown): Response {
  const { status, problem } = problemOf(thrown);
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (status === 401) headers.set('www-authenticate', 'Bearer');
  return new Response(JSON.stringify(problem), { status, headers });
}
