import { feedCollection } from '../../engine/stream/carried-rows.ts';
import { sourceSelection } from '../../engine/walk/source-selection.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Feed } from '../../protocol/feed.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { CursorSettings } from '../../protocol/since.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';
import { isOfColumn } from './finding-subject.ts';
import { doubtedKeys } from './key-findings.ts';
import { resolveCollections } from './resolve-collections.ts';
import { underDrift } from './under-drift.ts';

export interface Prepared {
  readonly plans: readonly CollectionPlan[];
  readonly findings: readonly Finding[];
}

export interface PrepareOptions {
  readonly signal: AbortSignal;
  /** Collections of a live pipeline that were in step before. */
  readonly followed?: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

const isOfOne = (names: ReadonlySet<string>, plans: readonly CollectionPlan[], found: Finding): boolean =>
  plans.some((plan) => names.has(plan.name) && isOfColumn(plan, found));

const isOfKey = (plans: readonly CollectionPlan[], { subject }: Finding): boolean =>
  plans.some(({ target, key }) => key.some((column) => subject === `${target}.${column}`));

/** The pipeline's plans and everything that is to be said about them: faults of the configuration, and what both sides found. */
export async function preparePlans(
  pipeline: ResolvedPipeline,
  { reader, writer, feed }: Connections,
  { signal, followed = none }: PrepareOptions,
): Promise<Prepared> {
  const { drift } = pipeline.settings;
  const { plans, faults } = await resolveCollections({
    collections: pipeline.collections,
    create: pipeline.settings.create,
    leavesNew: drift.columnAdded === 'ignore' ? followed : none,
    leavesGone: drift.columnDropped === 'ignore' ? followed : none,
    swap: pipeline.settings.refresh.by === 'swap',
    source: reader,
    destination: writer.reader,
    signal,
  });
  const collections = [...new Set(plans.map((plan) => plan.source))];
  const [atSource, atDestination, same, captured] = await Promise.all([
    reader.check({ collections, columns: columnsRead(plans), cursors: cursorsOf(plans), signal }),
    writer.check({ plans, staged: pipeline.settings.refresh.by !== 'direct', signal }),
    sameCollections({ reader, writer }, plans, signal),
    feed === null ? [] : checkCapture(feed, plans, signal),
  ]);
  return {
    plans,
    findings: [
      ...[...faults, ...unsupported(pipeline, reader), ...same, ...needlessSwaps(pipeline, plans)].map(
        toFinding,
      ),
      ...doubtedKeys(withoutFault(plans, faults)),
      ...atSource,
      ...atDestination.map((each) =>
        isOfOne(followed, plans, each) ? underDrift(each, { drift, isOfKey: isOfKey(plans, each) }) : each,
      ),
      ...captured,
    ],
  };
}

/** Of mode incremental: a source that can’t tell what changed since a cursor. */
const unsupported = (
  { settings, source }: ResolvedPipeline,
  { capabilities }: Connections['reader'],
): readonly LockstepError[] =>
  settings.mode !== 'incremental' || capabilities.since
    ? []
    : [new LockstepError('cursor-unsupported', { connector: source.connector.name })];

const cursorsOf = (plans: readonly CollectionPlan[]): ReadonlyMap<string, CursorSettings> =>
  new Map(plans.flatMap(({ source, cursor }) => (cursor === null ? [] : [[source, cursor] as const])));
/** A swap is part of a generation of a full run. */
function needlessSwaps(
  { settings: { mode, refresh } }: ResolvedPipeline,
  plans: readonly CollectionPlan[],
): readonly LockstepError[] {
  const detail =
    mode !== 'full'
      ? `a pipeline of mode ${mode} goes on in the same table`
      : refresh.by === 'direct'
        ? '`refresh.by` is `direct`'
        : null;
  if (detail === null) return [];
  return plans
    .filter(({ swap }) => swap === true)
    .map(({ target }) => new LockstepError('swap-refused', { collection: target, detail }));
}

/** By source collection; what an expression or a filter reads is only known to the source. */
function columnsRead(plans: readonly CollectionPlan[]): ReadonlyMap<string, readonly string[]> {
  const read = new Map<string, readonly string[]>();
  for (const plan of plans) {
    const { selection } = sourceSelection(plan);
    const named = selection.columns.flatMap(({ from }) => ('column' in from ? [from.column] : []));
    const cursor = plan.cursor === null ? [] : [plan.cursor.column];
    read.set(plan.source, [...(read.get(plan.source) ?? []), ...named, ...cursor]);
  }
  return read;
}

/** Of others something worse is told. */
function withoutFault(
  plans: readonly CollectionPlan[],
  faults: readonly LockstepError[],
): readonly CollectionPlan[] {
  const named = new Set(faults.map(({ details }) => details['collection']));
  return plans.filter(({ source, target }) => !named.has(source) && !named.has(target));
}

const toFinding = (error: LockstepError): Finding => ({
  level: 'error',
  code: error.code,
  subject: String(error.details['collection'] ?? 'collections'),
  message: error.message,
  cure: error.cure,
});

/** A change tells the source's key and no more: the target's must follow from it. */
async function checkCapture(
  feed: Feed,
  plans: readonly CollectionPlan[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const [keyed, keyless] = [
    plans.filter(({ sourceKey, key }) => key.length > 0 && sourceKey !== null),
    plans.filter(({ sourceKey, key }) => key.length === 0 || sourceKey === null),
  ];
  const faults = keyless.map(({ source }) => new LockstepError('live-needs-key', { collection: source }));
  const collections = keyed.map((plan) => feedCollection(plan, feed));
  return [...faults.map(toFinding), ...(await feed.check({ collections, signal }))];
}

async function sameCollections(
  { reader, writer }: Pick<Connections, 'reader' | 'writer'>,
  plans: readonly CollectionPlan[],
  signal: AbortSignal,
): Promise<readonly LockstepError[]> {
  const [source, destination] = await Promise.all([reader.identity({ signal }), writer.identity({ signal })]);
  if (source.connector !== destination.connector || source.id !== destination.id) return [];
  return plans
    .filter((plan) => plan.source === plan.target)
    .map((plan) => new LockstepError('same-collection', { collection: plan.source }));
}
