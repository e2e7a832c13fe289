import type { PostgresWriter } from '../../../src/connectors/postgres/writer/postgres-writer.ts';
import type { Outcome } from '../../../src/protocol/outcome.ts';
import type { Target, WindowWrite } from '../../../src/protocol/writer.ts';
import { holding } from '../../conformance/writer/writer-under-test.ts';
import { openWriter, type PlanParts, planFor } from '../../connectors/postgres/writer/destination.ts';
import type { TestDatabase } from '../../support/postgres.ts';

export interface OpenedTables extends AsyncDisposable {
  readonly writer: PostgresWriter;
  readonly targets: readonly Target[];
}

/** The statements are run, then the plans' targets are opened with fence 1. */
export async function openTables(
  db: TestDatabase,
  ddl: string,
  plans: readonly PlanParts[],
): Promise<OpenedTables> {
  await db.query(ddl);
  const writer = await openWriter(db);
  await writer.attach(holding(1));
  const targets: Target[] = [];
  for (const plan of plans) targets.push(await writer.open(planFor(plan), holding(1)));
  return { writer, targets, [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose]() };
}

export const windowOver = (...parts: WindowWrite['parts']): WindowWrite => ({
  parts,
  position: { shard: 'main', lane: 0, at: 'p1' },
  marks: new Map(),
  newestLetter: 0,
});

export const kinds = (outcomes: readonly (readonly Outcome[])[]): readonly (readonly string[])[] =>
  outcomes.map((part) => part.map(({ kind }) => kind));

/** How many of each kind. */
export function countKinds(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

export const patch = (target: Target, key: Record<string, number>, row: Record<string, string | null>) =>
  ({ kind: 'patch', key: target.keyOf(key), row }) as const;
