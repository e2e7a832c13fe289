import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import type { ExitName } from '../../protocol/errors/error-class.ts';
import { exitOfCode } from '../../service/failure.ts';

/** What parts of a result that failed make the process exit with: as the first of them would have alone. */
export function exitOfFailures(
  failures: readonly { readonly code: ErrorCode }[],
  otherwise: ExitName,
): ExitName {
  const [first] = failures;
  return first === undefined ? otherwise : exitOfCode(first.code);
}
