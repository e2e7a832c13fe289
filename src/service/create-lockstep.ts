import { join, resolve } from 'node:path';
import type { LockstepConfig } from './config/define-config.ts';
import { resolveConfig } from './config/resolve-config.ts';
import type { Lockstep } from './lockstep.ts';
import { openEngine } from './open-engine.ts';
import { openEnvironment, type Variables } from './secrets/environment.ts';

export interface LockstepOptions {
  /** What `env()` refers to; default: the process's environment. */
  readonly env?: Variables;
  /** Default: `.env` in `directory`, if it is there. */
  readonly envFile?: string;
  /** What relative paths start from; default: the working directory. */
  readonly directory?: string;
}

/**
 * An engine for a configuration given from code, the same object that `lockstep.config.ts` exports. Throws `config-invalid` with
 * every fault; connects to nothing yet.
 */
export async function createLockstep(
  config: LockstepConfig,
  options: LockstepOptions = {},
): Promise<Lockstep> {
  const directory = resolve(options.directory ?? process.cwd());
  const environment = openEnvironment({
    variables: options.env ?? process.env,
    cwd: directory,
    envFile: options.envFile,
    defaultEnvFile: join(directory, '.env'),
  });
  return openEngine(await resolveConfig(config, { environment, directory, file: null }));
}
