import type { ErrorCode } from '../protocol/errors/catalogue.ts';
import type { ExitName } from '../protocol/errors/error-class.ts';
import { exitOfCode } from './failure.ts';

/** What a person has to mend comes before what may pass by itself. */
const worstFirst: readonly ExitName[] = [
  'configuration',
  'connection',
  'failed',
  'interrupted',
  'pending',
  'ok',
];

/** What parts of a result that failed make the process exit with: as the worst of them would have alone. */
export function exitOfFailures(
  failures: readonly { readonly code: ErrorCode }[],
  otherwise: ExitName,
): ExitName {
  const exits = new Set(failures.map(({ code }) => exitOfCode(code)));
  return worstFirst.find((exit) => exits.has(exit)) ?? otherwise;
}
