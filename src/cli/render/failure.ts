import { inspect } from 'node:util';
import type { Failure } from '../../service/failure.ts';
import type { Terminal } from '../terminal.ts';

export function renderFailure(failure: Failure, terminal: Terminal): readonly string[] {
  const dim = (text: string) => terminal.paint('stderr', 'dim', text);
  return [
    `${terminal.paint('stderr', 'red', 'error')} ${failure.code}: ${failure.message}`,
    `  ${dim('why ')} ${failure.cause}`,
    `  ${dim('do  ')} ${failure.cure}`,
    `  ${dim('more')} ${failure.docs}`,
  ];
}

/** For LOCKSTEP_DEBUG: the stack and the errors below it. */
export const renderStack = (error: Error): string => inspect(error);
