import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';

/** In the order in which they are looked for. */
export const configNames: readonly string[] = [
  'lockstep.config.ts',
  'lockstep.config.mts',
  'lockstep.config.js',
  'lockstep.config.mjs',
  'lockstep.config.json',
];

export function findConfig(options: { readonly path?: string | undefined; readonly cwd: string }): string {
  const candidates = options.path === undefined ? configNames : [options.path];
  const found = candidates.map((name) => resolve(options.cwd, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  const path =
    options.path === undefined ? join(options.cwd, 'lockstep.config.ts') : resolve(options.cwd, options.path);
  throw new LockstepError('config-not-found', { path });
}
