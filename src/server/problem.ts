import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { describeFailure, type Failure } from '../service/failure.ts';

/** RFC 9457, with our code, cause and cure beside it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: Failure['code'];
  readonly cause: string;
  readonly cure: string;
}

export function problemOf(thrown: unknown): {
  readonly status: ContentfulStatusCode;
  readonly problem: Problem;
} {
  const { failure, exitCode } = describeFailure(thrown);
  const status = statusOf(failure, exitCode);
  const { docs: type, message: title, code, cause, cure } = failure;
  return { status, problem: { type, title, status, code, cause, cure } };
}

/** What exit codes and classes do not say: what stands in the way is 409 where somebody can move it. */
const statuses: Partial<Record<Failure['code'], ContentfulStatusCode>> = {
  'http-unauthorized': 401,
  'http-host-refused': 403,
  'http-origin-refused': 403,
  'http-read-only': 403,
  'http-not-found': 404,
  'pipeline-unknown': 404,
  'letter-unknown': 404,
  'generation-missing': 404,
  'lease-held': 409,
  'not-ready': 409,
  'pipeline-not-live': 409,
  'pipeline-paused': 409,
  'resume-redoes': 409,
  'generation-altered': 409,
  'generation-blocked': 409,
  'generation-overtaken': 409,
  'generation-unfit': 409,
  'generations-unsupported': 409,
};

function statusOf({ code, class: kind }: Failure, exitCode: number): ContentfulStatusCode {
  const status = statuses[code];
  if (status !== undefined) return status;
  if (kind === 'transient') return 503;
  if (kind === 'configuration') return 400;
  return exitCode === 4 ? 502 : 500;
}
