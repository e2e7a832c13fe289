import type { ErrorCode } from '../../../protocol/errors/catalogue.ts';
import { type ErrorDetails, LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Finding } from '../../../protocol/finding.ts';

/** A finding with the catalogue's words. */
export function finding<Code extends ErrorCode>(
  { level, subject }: Pick<Finding, 'level' | 'subject'>,
  code: Code,
  details: ErrorDetails<Code>,
): Finding {
  const { message, cure } = new LockstepError(code, details);
  return { level, code, subject, message, cure };
}
