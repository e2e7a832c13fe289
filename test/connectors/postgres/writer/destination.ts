import { postgresConfigSchema } from '../../../../src/connectors/postgres/config.ts';
import { openPostgresWriter } from '../../../../src/connectors/postgres/writer/open-writer.ts';
import type { PostgresWriter } from '../../../../src/connectors/postgres/writer/postgres-writer.ts';
import type { ConnectorNotice } from '../../../../src/protocol/connector.ts';
import type { CollectionPlan, MappedColumn } from '../../../../src/protocol/mapping.ts';
import type { Shape } from '../../../../src/protocol/shape.ts';
import type { Target } from '../../../../src/protocol/writer.ts';
import { holding, never, pipeline } from '../../../conformance/writer/writer-under-test.ts';
import type { TestDatabase } from '../../../support/postgres.ts';

interface WriterPlace {
  readonly url: string;
  readonly notice: (notice: ConnectorNotice) => void;
  readonly maxRowBytes: number;
}

export function openWriter(
  db: TestDatabase,
  { url = db.url, notice = () => undefined, maxRowBytes }: Partial<WriterPlace> = {},
): Promise<PostgresWriter> {
  const config = postgresConfigSchema.parse({ connector: 'postgres', url, maxRowBytes });
  return openPostgresWriter(config, { pipeline, lanes: 3, signal: never, notice });
}

const unknownShape = (collection: string): Shape => ({
  collection,
  dialect: 'test',
  columns: [],
  key: null,
  uniques: [],
  references: [],
  estimatedRows: 0,
  estimatedBytes: 0,
  native: null,
});

export interface PlanParts extends Partial<Omit<CollectionPlan, 'columns'>> {
  readonly target: string;
  readonly columns: readonly string[];
}

/** A plan that maps columns of the same names. */
export function planFor({ target, columns, ...rest }: PlanParts): CollectionPlan {
  const mapped = columns.map((name): MappedColumn => ({ target: name, from: { column: name }, type: null }));
  return {
    name: target,
    source: target,
    target,
    sourceShape: unknownShape(target),
    targetShape: null,
    columns: mapped,
    key: ['id'],
    sourceKey: ['id'],
    filter: null,
    map: null,
    alternatives: new Map(),
    mapReads: [],
    scope: { kind: 'all' },
    leaving: { kind: 'delete' },
    create: false,
    fingerprint: 'test',
    guard: {},
    cursor: null,
    allColumns: false,
    ...rest,
  };
}

export interface OpenedTable extends AsyncDisposable {
  readonly writer: PostgresWriter;
  readonly target: Target;
}

/** The statements are run, then the plan's target is opened with fence 1. */
export async function openTable(db: TestDatabase, ddl: string, parts: PlanParts): Promise<OpenedTable> {
  await db.query(ddl);
  const writer = await openWriter(db);
  await writer.attach(holding(1));
  const target = await writer.open(planFor(parts), holding(1));
  return { writer, target, [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose]() };
}
