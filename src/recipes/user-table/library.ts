import { join } from 'node:path';
import { openEnvironment, type Variables } from '../../index.ts';
import type { Log } from '../program/log.ts';
import { UserTableSyncService } from './service.ts';
import { readSettings } from './settings/settings.ts';

export type { Log, LogLevel } from '../program/log.ts';
export type { HealthStatus } from './health.ts';
export { UserTableSyncService } from './service.ts';
export type { SyncStats } from './statistics.ts';

export interface UserTableSyncOptions {
  /** The recipe's variables; default: those of this process. Files that `NAME_FILE` names count too, as they do for its commands. */
  readonly variables?: Variables;
  /** Default: `.env` of the directory, if there is one. */
  readonly envFile?: string;
  /** What relative paths start from; default: the working directory. */
  readonly directory?: string;
  /** Default: nothing is logged. */
  readonly log?: Log;
}

/**
 * The recipe for programs of your own: `lockstep/recipes/user-table` of the package. Nothing is opened before `run`. Throws `variables-invalid`
 * with every fault of the variables.
 */
export function openUserTableSync({
  variables = process.env,
  envFile,
  directory = process.cwd(),
  log = () => undefined,
}: UserTableSyncOptions = {}): UserTableSyncService {
  const defaultEnvFile = join(directory, '.env');
  const settings = readSettings(openEnvironment({ variables, cwd: directory, envFile, defaultEnvFile }));
  return new UserTableSyncService({ settings, log, directory });
}
