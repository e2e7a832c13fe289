import type { RecipeCommandInput } from '../../../index.ts';
import { environmentOf } from '../../program/environment-of.ts';
import { openLog } from '../../program/log.ts';
import { FeatbitSyncService } from '../service.ts';
import { readSettings } from '../settings/settings.ts';

/** The service of a command, from the environment; its log goes to stdout for the service, else to stderr. */
export function openService(
  input: RecipeCommandInput,
  { logsTo = input.message }: { readonly logsTo?: (line: string) => void } = {},
): FeatbitSyncService {
  const settings = readSettings(environmentOf(input));
  input.protect(settings.secrets);
  const log = openLog(logsTo, settings.logLevel);
  return new FeatbitSyncService({ settings, log, directory: input.cwd });
}
