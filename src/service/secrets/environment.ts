import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import { isMissing, reasonOf } from './file-reason.ts';
import { readValueFile } from './value-file.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Where a value was found: in the environment or the env file itself, or in a file that one of them or the configuration names. */
export interface FoundAt {
  readonly layer: 'environment' | 'env file' | 'configuration';
  /** The file that holds the value alone; null: the layer holds it. */
  readonly file: string | null;
}

/** What looking for a variable gave. An empty text counts as not set: nobody means an empty password. */
export type Found =
  | { readonly kind: 'value'; readonly text: string; readonly at: FoundAt }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly detail: string; readonly at: FoundAt };

/** One place where variables come from; relative `NAME_FILE` paths start at `directory`. */
interface Layer {
  readonly name: Exclude<FoundAt['layer'], 'configuration'>;
  readonly variables: Variables;
  readonly directory: string;
}

/** Where references are looked up: first the environment, then the env file; in each `NAME` before `NAME_FILE`. */
export class Environment {
  /** The env file, whether it is there or not. */
  readonly envFile: string;
  /** The same places as they are now: files may have changed. Throws `env-file-unreadable`. */
  readonly readAgain: () => Environment;
  /** The configuration's: what relative paths in it start from. */
  readonly directory: string;
  readonly #layers: readonly Layer[];

  constructor(
    layers: readonly Layer[],
    { envFile, directory, readAgain }: Pick<Environment, 'envFile' | 'directory' | 'readAgain'>,
  ) {
    this.#layers = layers;
    this.envFile = envFile;
    this.directory = directory;
    this.readAgain = readAgain;
  }

  find(name: string): Found {
    for (const { name: layer, variables, directory } of this.#layers) {
      const text = variables[name];
      if (text !== undefined && text !== '') return { kind: 'value', text, at: { layer, file: null } };
      const path = variables[`${name}_FILE`];
      if (path === undefined || path === '') continue;
      const file = resolve(directory, path);
      return { ...readValueFile(file), at: { layer, file } };
    }
    return { kind: 'missing' };
  }

  /**
   * `; did you mean …?` for a variable that is missing, or nothing: by the names of those that are there, never by values. `others` are
   * looked for under their own names.
   */
  hintFor(name: string, others: ReadonlySet<string> = new Set()): string {
    const there = this.#layers.flatMap(({ variables }) =>
      Object.entries(variables).flatMap(([known, text]) =>
        text === undefined || text === '' ? [] : [known],
      ),
    );
    const named = there.map((known) => known.replace(/_FILE$/, '')).filter((known) => !others.has(known));
    // Fewer letters than elsewhere: an environment is full of short names that mean something else.
    return nearestHint(name, named, Math.max(1, Math.floor(name.length / 4)));
  }

  /** What a file holds that the configuration names itself; one that is missing is `unreadable`. */
  findFile(path: string): Exclude<Found, { readonly kind: 'missing' }> {
    const file = resolve(this.directory, path);
    return { ...readValueFile(file), at: { layer: 'configuration', file } };
  }
}

export interface EnvironmentOptions {
  readonly variables: Variables;
  readonly cwd: string;
  readonly envFile?: string | undefined;
  /** Lies beside the configuration. */
  readonly defaultEnvFile: string;
}

/**
 * The process's variables over those of an env file. `envFile` must exist; `defaultEnvFile` may be missing.
 */
export function openEnvironment(options: EnvironmentOptions): Environment {
  const path = options.envFile === undefined ? options.defaultEnvFile : resolve(options.cwd, options.envFile);
  const text = readEnvFile(path, options.envFile !== undefined);
  return new Environment(
    [
      { name: 'environment', variables: options.variables, directory: options.cwd },
      { name: 'env file', variables: parseEnv(text), directory: dirname(path) },
    ],
    {
      envFile: path,
      directory: dirname(options.defaultEnvFile),
      readAgain: () => openEnvironment(options),
    },
  );
}

function readEnvFile(path: string, required: boolean): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && isMissing(error)) return '';
    throw new LockstepError('env-file-unreadable', { path, detail: reasonOf(error) }, { cause: error });
  }
}
