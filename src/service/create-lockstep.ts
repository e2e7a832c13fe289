import { join, resolve } from 'node:path';
import type { LockstepConfig } from './config/define-config.ts';
import { type ResolveOptions, resolveConfig } from './config/resolve-config.ts';
import type { ResolvedConfig } from './config/resolved-config.ts';
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
 * every fault; connects to nothing yet, but to the control store where the configuration refers to stored connections.
 */
export async function createLockstep(
  config: LockstepConfig,
  options: LockstepOptions = {},
): Promise<Lockstep> {
  return openEngine(await resolveGiven(config, options));
}

/** A configuration from code, checked as a whole. */
export async function resolveGiven(
  config: LockstepConfig,
  options: LockstepOptions & Pick<ResolveOptions, 'connections'>,
): Promise<ResolvedConfig> {
  const directory = resolve(options.directory ?? process.cwd());
  const environment = openEnvironment({
    variables: options.env ?? process.env,
    cwd: directory,
    envFile: options.envFile,
    defaultEnvFile: join(directory, '.env'),
  });
  const { connections } = options;
  return resolveConfig(config, { environment, directory, file: null, connections });
}
