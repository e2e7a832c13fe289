import type { RecipeCommandInput, RecipeCommandResult } from '../../../index.ts';
import { toError } from '../../../index.ts';
import type { Log } from '../../program/log.ts';
import { openHealthServer } from '../http.ts';
import type { UserTableSyncService } from '../service.ts';
import { openService } from './command.ts';
import { prepareDatabases } from './setup.ts';

export const start = (input: RecipeCommandInput): Promise<RecipeCommandResult> =>
  serve(input, { kind: 'live' });

export const realtime = (input: RecipeCommandInput): Promise<RecipeCommandResult> =>
  serve(input, { kind: 'realtime' });

/** Prepares both databases, then starts. */
export const setup = (input: RecipeCommandInput): Promise<RecipeCommandResult> =>
  serve(input, { kind: 'live' }, prepareDatabases);

type Before = (
  service: UserTableSyncService,
  options: { readonly log: Log; readonly signal: AbortSignal },
) => Promise<void>;

async function serve(
  input: RecipeCommandInput,
  work: { readonly kind: 'live' | 'realtime' },
  before: Before = async () => {},
): Promise<RecipeCommandResult> {
  const { service, log, settings } = openService(input, { logsTo: input.out });
  await using _service = service;
  using _defects = recordDefects(service);
  await using server = await openHealthServer(service, settings);
  const { signal } = input;
  log('INFO', 'User synchronisation starts', { http: server.url, statuses: settings.statuses });
  await before(service, { log, signal });
  const result = await service.run(work, { signal });
  if (result.failure !== null) log('ERROR', 'User synchronisation failed', { ...result.failure });
  else log('SUCCESS', 'User synchronisation stopped', { drained: true });
  return { exit: result.ended === 'failed' ? 'failed' : 'ok', data: { result }, text: [] };
}

/** The last words of a process that has met a defect of its own; what ends it is not decided here. */
function recordDefects({ errors }: UserTableSyncService): Disposable {
  const record = (thrown: unknown, origin: string): void => {
    const { message, stack = null } = toError(thrown);
    const type = origin === 'unhandledRejection' ? 'UNHANDLED_REJECTION' : 'UNCAUGHT_EXCEPTION';
    errors.failed(type, { message, stack, data: { code: origin } });
  };
  process.on('uncaughtExceptionMonitor', record);
  return { [Symbol.dispose]: () => void process.off('uncaughtExceptionMonitor', record) };
}
