import type { CommanderError } from 'commander';
import { usageError } from '../service/failure.ts';

/** Commander's complaint as ours; its second line, where it has one, names the nearest option or command. */
export function fromCommander(error: CommanderError): Error {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const detail = `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  return usageError(
    detail,
    suggestion === undefined ? 'See `lockstep --help`.' : suggestion.replace(/^\(|\)$/g, ''),
  );
}
