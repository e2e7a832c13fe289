import { dirname, join } from 'node:path';
import { openEnvironment, type Variables } from '../secrets/environment.ts';
import { findConfig } from './find-config.ts';
import { importConfig } from './import-config.ts';
import { type ResolveOptions, resolveConfig } from './resolve-config.ts';
import type { ResolvedConfig } from './resolved-config.ts';

export interface LoadOptions {
  /** The file; default: the first `lockstep.config.*` in `cwd`. */
  readonly path?: string | undefined;
  readonly cwd: string;
  /** Default: `.env` beside the configuration, if it is there. */
  readonly envFile?: string | undefined;
  readonly env: Variables;
  /** As `resolveConfig` has it. */
  readonly connections?: ResolveOptions['connections'];
}

/** Finds, reads and checks a configuration. Throws `config-not-found`, `config-unreadable`, `env-file-unreadable` or `config-invalid`. */
export async function loadConfig(options: LoadOptions): Promise<ResolvedConfig> {
  const file = findConfig(options);
  const directory = dirname(file);
  const environment = openEnvironment({
    variables: options.env,
    cwd: options.cwd,
    envFile: options.envFile,
    defaultEnvFile: join(directory, '.env'),
  });
  const { connections } = options;
  return resolveConfig(await importConfig(file), { environment, directory, file, connections });
}
