import { faultOfName } from '../../service/connections/name.ts';
import { usageError } from '../../service/failure.ts';
import { nearestHint } from '../../service/nearest.ts';
import { type CommandInput, textOption } from '../command.ts';

const actions = ['list', 'set', 'test', 'remove'] as const;

export type ConnectionArguments =
  | { readonly action: 'list' }
  | { readonly action: 'set'; readonly name: string; readonly from: UrlPlace }
  | { readonly action: 'test' | 'remove'; readonly name: string };

/** Where a URL is read: everybody on the machine sees arguments while a command runs. */
export type UrlPlace =
  | { readonly kind: 'stdin' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

const hint =
  'lockstep connections list | set NAME (the URL on stdin, or --from-env VARIABLE, or --from-file FILE) | test NAME | remove NAME';

export function connectionArguments(input: CommandInput): ConnectionArguments {
  const [word = 'list', name, ...more] = input.positionals;
  const action = actions.find((known) => known === word);
  if (action === undefined)
    throw usageError(
      `${word} is nothing that can be done with connections${nearestHint(word, actions)}`,
      hint,
    );
  // What came too much may be the URL itself, so it is not repeated.
  if (more.length > 0 || (action === 'list' && name !== undefined))
    throw usageError(`${action} takes ${action === 'list' ? 'no name' : 'one name and nothing more'}`, hint);
  const from = urlPlace(input);
  if (from.kind !== 'stdin' && action !== 'set') throw usageError(`${action} reads no URL`, hint);
  if (action === 'list') return { action };
  if (name === undefined) throw usageError(`${action} needs the connection’s name`, hint);
  // Said before stdin is read, and without the name: it may be the URL.
  const fault = faultOfName(name);
  if (fault !== null) throw usageError(`a connection can’t be called so: ${fault}`, hint);
  return action === 'set' ? { action, name, from } : { action, name };
}

function urlPlace(input: CommandInput): UrlPlace {
  const [variable, file] = [textOption(input, 'fromEnv'), textOption(input, 'fromFile')];
  if (variable !== undefined && file !== undefined)
    throw usageError('either --from-env or --from-file', hint);
  if (variable !== undefined) return { kind: 'variable', name: variable };
  return file === undefined ? { kind: 'stdin' } : { kind: 'file', path: file };
}
