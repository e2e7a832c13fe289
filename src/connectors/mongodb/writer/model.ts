import type { Document } from 'mongodb';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, Leaving, Scope } from '../../../protocol/mapping.ts';
import type { PipelineName } from '../../../protocol/names.ts';
import type { Shape } from '../../../protocol/shape.ts';
import { allOf, type Fault, parseExpression, parseQuery, parseUpdate, type Update } from '../query.ts';
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
  /** Which count as absent though they are there; null: none. */
  readonly absent: Document | null;
  /** Those of ours that count. */
  readonly counted: Document;
  /** What leaving does, where it does not delete. */
  readonly mark: Update | null;
  /** What undoes it when the key comes back; null: nothing is needed, or a document that is replaced needs nothing. */
  readonly clear: Update | null;
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
  const text = absentText(plan.leaving);
  const absent = text === null ? null : parseQuery(text, faultOf(collection, 'what is absent by `leaving`'));
  const counted = allOf([scope, absent === null ? null : { $nor: [absent] }]);
  return {
    plan,
    shape: isWholePlan(plan) || !isConverted(plan) ? shape : withoutOrder(shape),
    collection,
    scope,
    owned: ownedOf(plan, pipeline),
    absent,
    counted,
    mark: markOf(plan.leaving, collection),
    clear: clearOf(plan.leaving, collection),
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

/** Which documents count as absent, as the configuration has it; null: none. */
function absentText(leaving: Leaving): string | null {
  switch (leaving.kind) {
    case 'mark':
      return leaving.marked;
    case 'custom':
      return leaving.absent;
    case 'delete':
    case 'keep':
      return null;
  }
}

function markOf(leaving: Leaving, collection: string): Update | null {
  switch (leaving.kind) {
    case 'mark':
      return settingOf(leaving.set, { collection, what: 'mark.set' });
    case 'custom':
      return parseUpdate(leaving.statement, faultOf(collection, '`custom.statement`'));
    case 'delete':
    case 'keep':
      return null;
  }
}

const clearOf = (leaving: Leaving, collection: string): Update | null =>
  leaving.kind === 'mark' || leaving.kind === 'custom'
    ? settingOf(leaving.clear ?? {}, { collection, what: `${leaving.kind}.clear` })
    : null;

/** A pipeline, so that expressions such as `"$$NOW"` can be set. */
function settingOf(
  texts: Readonly<Record<string, string>>,
  { collection, what }: { readonly collection: string; readonly what: string },
): Update | null {
  const fields = Object.entries(texts).map(([field, text]) => [
    field,
    parseExpression(text, faultOf(collection, `\`${what}.${field}\``)),
  ]);
  return fields.length === 0 ? null : [{ $set: Object.fromEntries(fields) }];
}

/** The filter of `counted`, as a selection has it. */
export function countedText({ plan }: TargetModel): string | null {
  const scope = plan.scope.kind === 'where' ? plan.scope.predicate : null;
  const absent = absentText(plan.leaving);
  const present = absent === null ? null : `{"$nor":[${absent}]}`;
  const parts = [scope, present].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] ?? null) : `{"$and":[${parts.join(',')}]}`;
}
