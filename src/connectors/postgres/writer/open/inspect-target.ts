import type { CollectionPlan } from '../../../../protocol/mapping.ts';
import type { CollectionName } from '../../../../protocol/names.ts';
import { describeTable } from '../../catalog/describe-table.ts';
import { toShape } from '../../catalog/to-shape.ts';
import { formatName, parseName, qualified } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { makeModel } from '../model/make-model.ts';
import { missingState } from '../state/create-state.ts';
import { ownedTableName } from '../state/state-layout.ts';
import { type DecisionRow, readDecision, readDecisions } from './decision.sql.ts';
import { firstDecision, hasNoRow, type OpenedTarget, resolveScope } from './open-target.ts';
import { ownedTableExists } from './owned-table.sql.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** The target as `open` would find it, with nothing made or remembered. Null: it does not exist. */
export function inspectTarget(
  destination: Destination,
  { plan, signal }: SignalOption & { readonly plan: CollectionPlan },
): Promise<OpenedTarget | null> {
  const { pool, pipeline, layout, defaultSchema } = destination;
  return pool.use(
    async (session) => {
      const table = await describeTable(session, parseName(plan.target, defaultSchema), { signal });
      if (table === null) return null;
      const startedEmpty = await hasNoRow(session, table, signal);
      const target = formatName(table);
      const known = await decisionOf(session, destination, { target, signal });
      const decision = known ?? firstDecision(startedEmpty);
      const scope = resolveScope(plan, table, decision);
      const name = ownedTableName(pipeline, target, plan.key);
      const owned =
        scope.kind === 'owned'
          ? await existing(session, qualified({ schema: layout.schemaName, table: name }), signal)
          : null;
      const settled = { ...plan, scope, targetShape: toShape(table) };
      const model = await makeModel(session, { plan: settled, table, owned, signal });
      return { model, createdByUs: decision.createdByUs, startedEmpty };
    },
    { signal },
  );
}

async function decisionOf(
  session: Session,
  { layout, pipeline }: Destination,
  { target, signal }: SignalOption & { readonly target: string },
): Promise<DecisionRow | null> {
  if ((await missingState(session, layout, { signal })).length > 0) return null;
  const { rows } = await session.query<DecisionRow>(readDecision(layout), [pipeline, target], { signal });
  return rows[0] ?? null;
}

async function existing(session: Session, table: string, signal: AbortSignal): Promise<string | null> {
  const { rows } = await session.query<{ exists: boolean }>(ownedTableExists, [table], { signal });
  return rows[0]?.exists === true ? table : null;
}

export interface KnownTarget {
  readonly target: CollectionName;
  readonly scope: DecisionRow['scope'];
  /** We made it, and its keys are still to be built. */
  readonly keysPending: boolean;
}

/** Targets about which something was decided. */
export async function knownTargets(
  session: Session,
  { layout, pipeline }: Destination,
  { signal }: SignalOption,
): Promise<readonly KnownTarget[]> {
  if ((await missingState(session, layout, { signal })).length > 0) return [];
  const { rows } = await session.query<KnownTarget>(readDecisions(layout), [pipeline], { signal });
  return rows;
}
