import type { Lockstep, RecipeCommand, RecipeCommandInput, RecipeCommandResult } from '../../../index.ts';
import { LockstepError } from '../../../index.ts';
import { environmentOf } from '../../program/environment-of.ts';
import { type Log, openLog } from '../../program/log.ts';
import { UserTableSyncService } from '../service.ts';
import { readSettings, type Settings } from '../settings/settings.ts';

/** The service of a command, from the environment; its log goes to stdout for the service, else to stderr. */
export function openService(
  input: RecipeCommandInput,
  { logsTo = input.message }: { readonly logsTo?: (line: string) => void } = {},
): { readonly service: UserTableSyncService; readonly log: Log; readonly settings: Settings } {
  const settings = readSettings(environmentOf(input));
  input.protect(settings.secrets);
  const log = openLog(logsTo, settings.logLevel);
  return { service: new UserTableSyncService({ settings, log, directory: input.cwd }), log, settings };
}

/** A command that only looks at what is remembered, or asks whatever process runs the service: no database needs to be there. */
export const looking =
  (
    work: (
      engine: Lockstep,
      input: RecipeCommandInput,
      service: UserTableSyncService,
    ) => Promise<RecipeCommandResult>,
  ): RecipeCommand['run'] =>
  async (input) => {
    const { service } = openService(input);
    await using _service = service;
    return await work(await service.look(), input, service);
  };

export const usage = (detail: string, hint: string): LockstepError =>
  new LockstepError('usage', { detail, hint });
