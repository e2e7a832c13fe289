import type { Document } from 'mongodb';
import { elementsOf } from '../../bson/elements.ts';
import { sameBytes } from '../../bson/layout.ts';
import { uniqueIndexes } from '../../catalog/unique-indexes.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { TargetModel } from '../model.ts';
import type { GivesUp } from './part-plan.ts';

/** Which documents can't keep the values that they have in unique indexes. */
export async function whoGivesUp(
  deployment: Deployment,
  { collection, form }: TargetModel,
  options: { readonly signal: AbortSignal },
): Promise<GivesUp> {
  const unique = await uniqueIndexes(deployment, collection, options);
  // A field that is set aside is out of the way, whatever the index's filter says of the others.
  if (form.fields === null && unique.some(isPartial)) return () => true;
  const fields = new Set(unique.flatMap(({ key }) => Object.keys(key).map(topLevel)));
  return (before, after) => differsIn(fields, before, after);
}

/** Whether a document is in it depends on anything that its filter names. */
const isPartial = (index: Document): boolean => index['partialFilterExpression'] !== undefined;

/** More than the path says: a part of a field can be anywhere in it. A name that is indexed with all its parts (`$**`) can't be unique. */
const topLevel = (path: string): string => path.split('.', 1)[0] ?? path;

function differsIn(fields: ReadonlySet<string>, before: Uint8Array, after: Uint8Array): boolean {
  if (fields.size === 0) return false;
  const [one, other] = [valuesOf(fields, before), valuesOf(fields, after)];
  return [...fields].some((field) => {
    const [here, there] = [one.get(field), other.get(field)];
    if (here === undefined || there === undefined) return here !== there;
    return here.type !== there.type || !sameBytes(here.value, there.value);
  });
}

const valuesOf = (fields: ReadonlySet<string>, document: Uint8Array) =>
  new Map(
    [...elementsOf(document)]
      .filter(({ name }) => fields.has(name))
      .map((element) => [element.name, element]),
  );
