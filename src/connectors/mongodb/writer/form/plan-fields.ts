import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../protocol/names.ts';
import { elementsOf, idElement } from '../../bson/elements.ts';
import { documentOf, type Element } from '../../bson/layout.ts';
import { elementAt } from '../../fields/paths.ts';
import type { TargetModel } from '../model.ts';
import type { GivesUp, PartFacts, Weighed } from '../window/part-plan.ts';
import { fieldUpdate, givenUpdate, insertion } from '../write/statements.ts';
import { type Changes, changesOf, type Fields } from './field-form.ts';
import { valueAside } from './value-aside.ts';

/** A row that names fields. */
export interface FieldWrite {
  readonly key: Key;
  /** `patch`: fields that it does not have are left as they are. */
  readonly kind: 'upsert' | 'patch';
  readonly document: Uint8Array;
}

type Write = Exclude<Change, { readonly kind: 'leave' }>;

export const toFieldWrite = ({ form }: TargetModel, { key, kind, row }: Write): FieldWrite => ({
  key,
  kind,
  document: form.documentOf(row),
});

interface Weigh {
  readonly model: TargetModel;
  readonly fields: Fields;
  readonly facts: PartFacts;
  readonly givesUp: GivesUp;
}

const only = (kind: 'inserted' | 'updated' | 'unchanged' | 'clash'): Weighed => ({ outcome: { kind } });

/** Without I/O: what is to be written of one row that names fields, knowing what is there. */
export function weighFields(
  { key, kind, document }: FieldWrite,
  { model, fields, facts, givesUp }: Weigh,
): Weighed {
  const { form, collection } = model;
  const found = facts.stored.get(key);
  if (found !== undefined && facts.within?.has(key) === false) return only('clash');
  const isMarked = facts.marked.has(key);
  if (kind === 'patch' && (found === undefined || isMarked))
    return { outcome: { kind: 'failed', error: new LockstepError('row-missing', { collection }) } };
  if (found === undefined) return { ...only('inserted'), ...insertion(form.storedOf(document)) };
  const all = changesOf(fields, found, document);
  const changes = kind === 'patch' ? { ...all, unset: [] } : all;
  if (!isMarked && changes.set.length === 0 && changes.unset.length === 0) return only('unchanged');
  const id = idElement(found);
  const clear = isMarked && model.clear !== null ? [givenUpdate(id, model.clear)] : [];
  const vacated = vacating(found, changes, givesUp);
  return {
    ...only('updated'),
    ...(vacated.length > 0 && { vacate: [fieldUpdate(id, { set: vacated, unset: [] })] }),
    update: [...(hasSome(changes) ? [fieldUpdate(id, changes)] : []), ...clear],
  };
}

const hasSome = ({ set, unset }: Changes): boolean => set.length > 0 || unset.length > 0;

/** Values for the time in which others may take the old ones. */
function vacating(found: Uint8Array, { set, unset }: Changes, givesUp: GivesUp): readonly Element[] {
  const paths = [...set.map(({ name }) => name), ...unset];
  return paths
    .filter((path) => givesUp(found, without(found, path)))
    .map((path) => ({ ...valueAside(elementAt(found, path)), name: path }));
}

function without(document: Uint8Array, path: string): Uint8Array {
  const [top] = path.split('.', 1);
  return documentOf([...elementsOf(document)].filter(({ name }) => name !== top));
}
