import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultAddress, type HttpAddress, parseAddress } from '../../server/access/address.ts';
import type { Tokens } from '../../server/access/token.ts';
import { reasonOf, usageError } from '../../service/failure.ts';
import { openEnvironment } from '../../service/secrets/environment.ts';
import { type CommandContext, type CommandInput, textOption } from '../command.ts';

/** Null: no HTTP at all. */
export function httpAddress(input: CommandInput): HttpAddress | null {
  if (input.options['http'] === false) return null;
  const text = textOption(input, 'http');
  return text === undefined ? defaultAddress : parseAddress(text);
}

/** From files that options name, else from the environment or the env file (also as `…_FILE`). */
export function httpTokens(input: CommandInput, context: CommandContext, directory: string): Tokens {
  const environment = openEnvironment({
    variables: context.env,
    cwd: context.cwd,
    envFile: context.global.envFile,
    defaultEnvFile: join(directory, '.env'),
  });
  const tokenOf = (option: 'tokenFile' | 'readTokenFile', variable: string): string | null => {
    const file = textOption(input, option);
    return file === undefined
      ? fromEnvironment(environment, variable)
      : readToken(resolve(context.cwd, file));
  };
  return {
    token: tokenOf('tokenFile', 'LOCKSTEP_TOKEN'),
    readToken: tokenOf('readTokenFile', 'LOCKSTEP_READ_TOKEN'),
  };
}

function fromEnvironment(environment: ReturnType<typeof openEnvironment>, variable: string): string | null {
  const found = environment.find(variable);
  if (found.kind === 'unreadable')
    throw usageError(
      `${variable}_FILE could not be read: ${found.detail}`,
      'Correct its path or its rights.',
    );
  return found.kind === 'value' ? found.text : null;
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    throw usageError(
      `a token’s file could not be read: ${reasonOf(thrown)}`,
      'Correct its path or its rights.',
    );
  }
}
