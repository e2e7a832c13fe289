import type { Log } from '../../program/log.ts';
import { recorded } from '../errors/recorded.ts';
import type { UserTableSyncService } from '../service.ts';
import { prepareIndex } from './status-index.ts';

/** Triggers of the earlier program: its function lay beside the table, ours does not. */
const formerTriggers = `
SELECT t.tgname::text AS trigger, p.oid::regprocedure::text AS function
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE t.tgrelid = to_regclass('public.users') AND NOT t.tgisinternal AND t.tgname LIKE 'user_changes_trigger%' AND n.nspname <> 'lockstep'`;

/**
 * Makes what both databases need once: `sync_errors` in the chat's, the index in the marketplace's, and no trigger of the earlier program. What
 * is there already is left alone, so that a second set-up takes no lock. The triggers of our own are made by the engine, when it starts.
 */
export async function prepareDatabases(
  service: UserTableSyncService,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  await recorded({ errors: service.errors, type: 'SETUP_FAILED' }, async () => {
    await service.errors.prepare({ signal });
    log('SUCCESS', 'sync_errors is ready');
    await removeFormer(service, { log, signal });
    await prepareIndex(service.source, { log, signal });
    log('SUCCESS', 'idx_users_status_updated is ready');
    return { result: undefined, isWell: true };
  });
}

async function removeFormer(
  { source }: UserTableSyncService,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const found = await source.query<{ trigger: string; function: string }>(formerTriggers, undefined, {
    signal,
  });
  for (const { trigger, function: name } of found) {
    await source.execute(
      `SET lock_timeout = '5s'; DROP TRIGGER IF EXISTS "${trigger}" ON public.users; RESET lock_timeout`,
      { signal },
    );
    log('WARNING', 'A trigger of the earlier program was removed', { trigger, function: name });
  }
}
