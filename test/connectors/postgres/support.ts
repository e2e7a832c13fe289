import { describeTable } from '../../../src/connectors/postgres/catalog/describe-table.ts';
import type { PgTable } from '../../../src/connectors/postgres/catalog/pg-table.ts';
import { toShape } from '../../../src/connectors/postgres/catalog/to-shape.ts';
import type { EnsureOptions } from '../../../src/connectors/postgres/create/ensure.ts';
import { formatName, parseName } from '../../../src/connectors/postgres/names.ts';
import type { Session } from '../../../src/connectors/postgres/session/session.ts';
import { planCollection } from '../../../src/engine/plan/plan-collection.ts';
import { collectionSchema } from '../../../src/protocol/configuration.ts';
import type { CollectionPlan } from '../../../src/protocol/mapping.ts';
import { never, poolFor } from '../../postgres/support.ts';
import type { TestDatabase } from '../../support/postgres.ts';

/** A session on a test database, closed by whoever asked for it. */
export const openOn = (db: TestDatabase, login?: { readonly user: string }): Promise<Session> =>
  poolFor(login === undefined ? db.url : db.urlFor(login)).open({ signal: never });

export async function describeNamed(session: Session, name: string): Promise<PgTable> {
  const table = await describeTable(session, parseName(name));
  if (table === null) throw new Error(`there is no ${name}`);
  return table;
}

export interface PlanInput {
  readonly source: PgTable;
  /** Null or left out: it does not exist yet. */
  readonly existing?: PgTable | null;
  readonly target?: string;
  readonly create?: boolean;
  readonly config?: Parameters<typeof collectionSchema.parse>[0];
}

/** The plan that the engine would make; faults of the configuration throw. */
export function planOf({
  source,
  existing = null,
  target,
  create = existing === null,
  config = {},
}: PlanInput): CollectionPlan {
  const name = formatName(source);
  const { plan, faults } = planCollection({
    source: name,
    target: target ?? name,
    config: collectionSchema.parse(config),
    sourceShape: toShape(source),
    targetShape: existing === null ? null : toShape(existing),
    create,
  });
  if (faults[0] !== undefined) throw faults[0];
  return plan;
}

export const ensureOptions: EnsureOptions = { fence: async () => undefined, defaultSchema: 'public' };

/** What must be equal after a faithful creation: without OIDs, sizes, owners, and what is not copied. */
export function comparable(table: PgTable): unknown {
  const { columns, indexes, checks, references, exclusions, primaryKey, uniques, comment, userTypes } = table;
  const bare = {
    columns,
    indexes,
    checks,
    references,
    exclusions,
    primaryKey,
    uniques,
    comment,
    userTypes: userTypes.toSorted(byName),
  };
  return JSON.parse(JSON.stringify(bare), (key, value: unknown) => (omitted.has(key) ? undefined : value));
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : 1;

/** State of sequences is set in a step of its own; versions of collations are the server's. */
const omitted = new Set(['oid', 'position', 'version', 'lastValue', 'isCalled']);
