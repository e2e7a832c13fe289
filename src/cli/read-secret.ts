import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { reasonOf, usageError } from '../service/failure.ts';
import { seal } from '../service/secrets/seal.ts';
import type { CommandContext } from './command.ts';
import type { UrlPlace } from './commands/connection-arguments.ts';

/** A secret from where no other process sees it. From then on the terminal does not show it. */
export async function readSecret(place: UrlPlace, context: CommandContext): Promise<string> {
  const secret = (await readText(place, context)).trim();
  context.terminal.protect(seal([secret]));
  if (secret === '') throw usageError('there is nothing where the URL should be', hintOf(place));
  return secret;
}

async function readText(place: UrlPlace, { env, cwd, signal }: CommandContext): Promise<string> {
  switch (place.kind) {
    case 'variable':
      return env[place.name] ?? '';
    case 'file':
      return await readFile(resolve(cwd, place.path), { encoding: 'utf8', signal }).catch(
        (thrown: unknown) => {
          throw usageError(
            `the file could not be read: ${reasonOf(thrown)}`,
            'Name one that this user may read.',
          );
        },
      );
    case 'stdin':
      // A terminal would show what is typed.
      if (process.stdin.isTTY)
        throw usageError('the URL is read from stdin, and that is a terminal', hintOf(place));
      return await text(process.stdin);
  }
}

function hintOf(place: UrlPlace): string {
  switch (place.kind) {
    case 'variable':
      return `Set ${place.name} in the environment.`;
    case 'file':
      return 'Put the URL into the file.';
    case 'stdin':
      return 'Send it there, `lockstep connections set shop < file`, or use --from-env VARIABLE or --from-file FILE.';
  }
}
