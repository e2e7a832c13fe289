import type { Document } from 'mongodb';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, Leaving, Scope } from '../../../protocol/mapping.ts';
import type { PipelineName } from '../../../protocol/names.ts';
import type { Shape } from '../../../protocol/shape.ts';
import { allOf, type Fault, parseExpression, parseQuery } from '../query.ts';
import { fieldForm, isConverted, isWholePlan } from './form/field-form.ts';
import { type RowForm, wholeDocuments } from './form/row-form.ts';
import type { Owned } from './owned/owned-keys.ts';

/** A target as its verbs need it: the plan's texts read, once. */
export interface TargetModel {
  readonly plan: CollectionPlan & { readonly scope: Scope };
  readonly shape: Shape;
  readonly collection: string;
  /** Which documents are ours; null: all, or those of `owned`. */
  readonly scope: Document | null;
  /** Null: ownership is not kept. */
  readonly owned: Owned | null;
  /** Those of ours that count: marked ones are absent. */
  readonly counted: Document;
  /** What leaving does, where it does not delete: an update. */
  readonly mark: readonly Document[] | null;
  /** What undoes it when the key comes back; null: nothing is needed, or a document that is replaced needs nothing. */
  readonly clear: readonly Document[] | null;
  readonly form: RowForm;
}

export function makeModel(
  plan: TargetModel['plan'],
  { shape, pipeline }: { readonly shape: Shape; readonly pipeline: PipelineName },
): TargetModel {
  const collection = plan.target;
  const scope =
    plan.scope.kind === 'where'
      ? parseQuery(plan.scope.predicate, faultOf(collection, '`scope.where`'))
      : null;
  const marked = markedQuery(plan.leaving, collection);
  const counted = allOf([scope, marked === null ? null : { $nor: [marked] }]);
  return {
    plan,
    shape: isWholePlan(plan) || !isConverted(plan) ? shape : withoutOrder(shape),
    collection,
    scope,
    owned: ownedOf(plan, pipeline),
    counted,
    mark: settingOf(plan.leaving, 'set', collection),
    clear: settingOf(plan.leaving, 'clear', collection),
    form: isWholePlan(plan) ? wholeDocuments : fieldForm(plan),
  };
}

function ownedOf({ scope, target }: TargetModel['plan'], pipeline: PipelineName): Owned | null {
  if (scope.kind !== 'owned') return null;
  const { adopt } = scope;
  return {
    pipeline,
    adopt: adopt === undefined ? null : parseQuery(adopt, faultOf(target, '`scope.adopt`')),
  };
}

/** Ids of another type than the source's have another order. */
const withoutOrder = (shape: Shape): Shape => ({
  ...shape,
  key: shape.key === null ? null : { ...shape.key, order: null },
});

const faultOf =
  (collection: string, what: string): Fault =>
  (detail) =>
    new LockstepError('mongodb-expression-invalid', { collection, what, detail });

const markedQuery = (leaving: Leaving, collection: string): Document | null =>
  leaving.kind === 'mark' ? parseQuery(leaving.marked, faultOf(collection, '`mark.marked`')) : null;

/** A pipeline, so that expressions such as `"$$NOW"` can be set. */
function settingOf(leaving: Leaving, which: 'set' | 'clear', collection: string): readonly Document[] | null {
  if (leaving.kind !== 'mark') return null;
  const fields = Object.entries(leaving[which]).map(([field, text]) => [
    field,
    parseExpression(text, faultOf(collection, `\`mark.${which}.${field}\``)),
  ]);
  return fields.length === 0 ? null : [{ $set: Object.fromEntries(fields) }];
}

/** The filter of `counted`, as a selection has it. */
export function countedText({ plan }: TargetModel): string | null {
  const scope = plan.scope.kind === 'where' ? plan.scope.predicate : null;
  const marked = plan.leaving.kind === 'mark' ? `{"$nor":[${plan.leaving.marked}]}` : null;
  const parts = [scope, marked].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] ?? null) : `{"$and":[${parts.join(',')}]}`;
}
