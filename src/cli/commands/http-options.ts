import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultAddress, type HttpAddress, parseAddress } from '../../server/access/address.ts';
import { reasonOf, usageError } from '../../service/failure.ts';
import { openEnvironment } from '../../service/secrets/environment.ts';
import { type CommandContext, type CommandInput, textOption } from '../command.ts';

/** Null: no HTTP at all. */
export function httpAddress(input: CommandInput): HttpAddress | null {
  if (input.options['http'] === false) return null;
  const text = textOption(input, 'http');
  return text === undefined ? defaultAddress : parseAddress(text);
}

/** From `--token-file`, else `LOCKSTEP_TOKEN` (or `LOCKSTEP_TOKEN_FILE`) in the environment or the env file; null: none. */
export function httpToken(input: CommandInput, context: CommandContext, directory: string): string | null {
  const file = textOption(input, 'tokenFile');
  if (file !== undefined) return readToken(resolve(context.cwd, file));
  const environment = openEnvironment({
    variables: context.env,
    cwd: context.cwd,
    envFile: context.global.envFile,
    defaultEnvFile: join(directory, '.env'),
  });
  const found = environment.find('LOCKSTEP_TOKEN');
  if (found.kind === 'unreadable')
    throw usageError(
      `LOCKSTEP_TOKEN_FILE could not be read: ${found.detail}`,
      'Correct its path or its rights.',
    );
  return found.kind === 'value' ? found.text : null;
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    throw usageError(
      `--token-file could not be read: ${reasonOf(thrown)}`,
      'Correct its path or its rights.',
    );
  }
}
