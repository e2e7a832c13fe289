import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What looking for a variable gave. An empty text counts as not set: nobody means an empty password. */
export type Found =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** One place where variables come from; relative `NAME_FILE` paths start at `directory`. */
interface Layer {
  readonly variables: Variables;
  readonly directory: string;
}

/** Where references are looked up: first the environment, then the env file; in each `NAME` before `NAME_FILE`. */
export class Environment {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
  }

  find(name: string): Found {
    for (const { variables, directory } of this.#layers) {
      const text = variables[name];
      if (text !== undefined && text !== '') return { kind: 'value', text };
      const file = variables[`${name}_FILE`];
      if (file !== undefined && file !== '') return readValue(resolve(directory, file));
    }
    return { kind: 'missing' };
  }
}

/**
 * The process's variables over those of an env file. `envFile` must exist; `defaultEnvFile` may be missing.
 */
export function openEnvironment(options: {
  readonly variables: Variables;
  readonly cwd: string;
  readonly envFile?: string | undefined;
  readonly defaultEnvFile: string;
}): Environment {
  const path = options.envFile === undefined ? options.defaultEnvFile : resolve(options.cwd, options.envFile);
  const text = readEnvFile(path, options.envFile !== undefined);
  return new Environment([
    { variables: options.variables, directory: options.cwd },
    { variables: parseEnv(text), directory: dirname(path) },
  ]);
}

function readEnvFile(path: string, required: boolean): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && isMissing(error)) return '';
    throw new LockstepError('env-file-unreadable', { path, detail: reasonOf(error) }, { cause: error });
  }
}

/** Editors and `echo` end files with a line break that is no part of the secret. */
function readValue(path: string): Found {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { kind: 'unreadable', detail: `${path} is empty` } : { kind: 'value', text };
  } catch (error) {
    return { kind: 'unreadable', detail: `${path}: ${reasonOf(error)}` };
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user may not read it';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return toError(error).message;
  }
}
