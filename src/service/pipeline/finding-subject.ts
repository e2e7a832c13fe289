import type { Finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';

/** A column's is called by the target's. */
export const isOfColumn = ({ target, targetShape, columns }: CollectionPlan, { subject }: Finding): boolean =>
  [...columns.map((column) => column.target), ...(targetShape?.columns ?? []).map(({ name }) => name)].some(
    (name) => subject === `${target}.${name}`,
  );

/** A plan's findings are told under the names that it has on either side. */
export const isOfPlan = (plan: CollectionPlan, found: Finding): boolean =>
  [plan.name, plan.source, plan.target].some((name) => isCalled(name, found.subject)) ||
  isOfColumn(plan, found);

/** A finding names its collection as the configuration or as the source does, with its schema or without. */
export const isCalled = (name: string, subject: string): boolean =>
  name === subject || name.endsWith(`.${subject}`);
