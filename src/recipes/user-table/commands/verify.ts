import type { RecipeCommandInput, RecipeCommandResult, VerifiedCollection } from '../../../index.ts';
import { errorOfFailure } from '../../../index.ts';
import { mostNamed, pipeline } from '../configuration.ts';
import { recorded } from '../errors/recorded.ts';
import { readTables } from '../mapping/tables.ts';
import type { UserTableSyncService } from '../service.ts';
import { openService } from './command.ts';

/** What `verify` answers. The counts are of users that belong; which users differ is the true answer. */
export interface Verification {
  readonly sourceCount: number;
  readonly chatCount: number;
  readonly difference: number;
  /** Of users made within the last hour. */
  readonly recentDifference: number;
  readonly consistent: boolean;
  readonly timestamp: string;
  readonly users: Pick<
    VerifiedCollection,
    'missing' | 'extra' | 'different' | 'clashes' | 'samples' | 'explained'
  > & {
    /** Of each kind so many are named in `samples` at most; all are counted. */
    readonly mostNamed: number;
  };
  /** With --repair. */
  readonly repaired: { readonly inserted: number; readonly updated: number; readonly left: number } | null;
}

export async function verify(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  return await verifying(input, {
    repair: input.options['repair'] === true,
    errorType: 'VERIFICATION_FAILED',
  });
}

/** One complete pass: by the service if one runs, else here. */
export async function syncAll(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  return await verifying(input, { repair: true, errorType: 'COMPLETE_SYNC_FAILED' });
}

async function verifying(
  input: RecipeCommandInput,
  {
    repair,
    errorType,
  }: { readonly repair: boolean; readonly errorType: 'VERIFICATION_FAILED' | 'COMPLETE_SYNC_FAILED' },
): Promise<RecipeCommandResult> {
  const { service } = openService(input);
  await using _service = service;
  return await recorded({ errors: service.errors, type: errorType }, async () => {
    const result = await verifyUsers(service, { repair, signal: input.signal });
    const isWell = result.consistent;
    const exit = isWell ? 'ok' : 'pending';
    return { result: { exit, data: { result }, text: textOf(result) } as const, isWell };
  });
}

export async function verifyUsers(
  service: UserTableSyncService,
  { repair, signal }: { readonly repair: boolean; readonly signal: AbortSignal },
): Promise<Verification> {
  const engine = await service.open({ kind: 'live' }, { signal });
  const { equal, collections, repaired, failures } = await engine.verify(pipeline, { repair, signal });
  const [failure] = failures;
  if (failure !== undefined) throw errorOfFailure(failure);
  const [found] = collections;
  if (found === undefined) throw new Error('there is one collection');
  const { sourceRows, targetRows, missing, extra, different, clashes, samples, explained } = found;
  return {
    sourceCount: sourceRows,
    chatCount: targetRows,
    difference: sourceRows - targetRows,
    recentDifference: await recentDifference(service, signal),
    consistent: equal,
    timestamp: new Date().toISOString(),
    users: { missing, extra, different, clashes, samples, explained, mostNamed },
    repaired,
  };
}

/**
 * Both are asked about one moment, that of the marketplace's clock: clocks of other machines have no say. In the chat these are the users
 * that are recent at the marketplace, and those that are only recent here.
 */
async function recentDifference(service: UserTableSyncService, signal: AbortSignal): Promise<number> {
  const { source, chat, settings } = service;
  const [asked] = await source.query<{ since: string }>(
    `SELECT (now() - interval '1 hour')::text AS since`,
    undefined,
    { signal },
  );
  const recent = await source.query<{ id: string }>(
    `SELECT id::text AS id FROM public.users WHERE created_at >= $1::timestamptz AND status::text = ANY($2::text[])`,
    [asked?.since, settings.statuses],
    { signal },
  );
  const { chat: columns } = await readTables(service, { signal });
  const createdAt = columns.has('createdAt') ? '"createdAt"' : 'NULL::timestamptz';
  const [found] = await chat.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM public.users
     WHERE (id = ANY($1::uuid[]) OR ${createdAt} >= $2::timestamptz)
       AND "externalId" = id AND "metaData" ->> 'deactivatedAt' IS NULL`,
    [recent.map(({ id }) => id), asked?.since],
    { signal },
  );
  return recent.length - (found?.count ?? 0);
}

function textOf({ sourceCount, chatCount, users, consistent, repaired }: Verification): readonly string[] {
  const { missing, extra, different, clashes, samples } = users;
  return [
    consistent
      ? 'consistent: every user of the marketplace is in the chat as it should be'
      : 'NOT consistent',
    `marketplace ${sourceCount}, chat ${chatCount}`,
    ...(consistent
      ? []
      : [`missing ${missing}, extra ${extra}, different ${different}, held by others ${clashes}`]),
    ...Object.entries(samples).flatMap(([kind, keys]) =>
      keys.length === 0
        ? []
        : [`${kind}${keys.length < mostNamed ? '' : ` (the first ${mostNamed})`}: ${keys.join(' ')}`],
    ),
    ...(repaired === null
      ? []
      : [`inserted ${repaired.inserted}, updated ${repaired.updated}, left ${repaired.left}`]),
  ];
}
