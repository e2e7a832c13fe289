import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';

/** Transient failures of one window, while the destination answers to others, after which the window itself is suspected. */
export const suspectAfter = 4;

/**
 * Some rows end their connection, take for ever, or are too much together; a lock that others hold, a full disk and a conflict are never a
 * row's own fault.
 */
export const mayBeOfSomeRow = ({ code, class: kind }: LockstepError): boolean =>
  kind === 'transient' && ofRows.has(code);

const ofRows: ReadonlySet<ErrorCode> = new Set([
  'connection-lost',
  'statement-timeout',
  'transaction-too-large',
]);
