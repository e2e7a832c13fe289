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

function statusOf({ code, class: kind }: Failure, exitCode: number): ContentfulStatusCode {
  switch (code) {
    case 'http-unauthorized':
      return 401;
    case 'http-host-refused':
      return 403;
    case 'http-not-json':
      return 415;
    case 'http-not-found':
    case 'pipeline-unknown':
    case 'letter-unknown':
      return 404;
    default:
      if (kind === 'transient') return 503;
      if (kind === 'configuration') return 400;
      return exitCode === 4 ? 502 : 500;
  }
}
