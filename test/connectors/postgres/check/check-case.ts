import { describeTable } from '../../../../src/connectors/postgres/catalog/describe-table.ts';
import { checkDestination } from '../../../../src/connectors/postgres/check/check-destination.ts';
import type { Finding } from '../../../../src/protocol/finding.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { describeNamed, openOn, type PlanInput, planOf } from '../support.ts';

export interface Case {
  /** Makes the table `t`. */
  readonly source: string;
  /** Makes its target, also `t`; none: it is created. */
  readonly target?: string;
  readonly plan?: Partial<PlanInput>;
  readonly user?: string;
  readonly databases?: { readonly from: TestDatabase; readonly to: TestDatabase };
}

/** What is found of a plan that brings the table `t` of a new database into another one. */
export async function check({ source, target, plan = {}, user, databases }: Case): Promise<Finding[]> {
  await using from = await createTestDatabase();
  await using own = await createTestDatabase();
  const to = databases?.to ?? own;
  await from.query(source);
  if (target !== undefined) await to.query(target);
  await using reading = await openOn(from);
  await using writing = await openOn(to, user === undefined ? undefined : { user });
  const existing = await describeTable(writing, { schema: 'public', table: 't' });
  const made = planOf({ source: await describeNamed(reading, 't'), existing, ...plan });
  const options = {
    user: user ?? 'postgres',
    address: 'test',
    defaultSchema: 'public',
    stateSchema: 'lockstep',
  };
  return await checkDestination(writing, [made], options);
}

export const summary = (findings: readonly Finding[]) =>
  findings.map(({ level, code, subject }) => `${level} ${code} ${subject}`);
