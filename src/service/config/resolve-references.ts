import { z } from 'zod';
import { SecretText } from '../../protocol/secret.ts';
import type { Environment } from '../secrets/environment.ts';
import { isStoredReference, type StoredReference } from '../secrets/stored-reference.ts';
import { type Fault, formatPath } from './fault.ts';
import { isReference, type LookedUp, lookUp, type Reference } from './look-up.ts';
import { type ResolvedReference, referenceTo } from './resolved-reference.ts';
import { type Path, schemasAt } from './schema-tree.ts';
import { isPlainObject } from './values.ts';

export interface ResolvedReferences {
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** Every text that must never be shown, also those at places that turned out to be wrong. */
  readonly secrets: readonly SecretText[];
  readonly references: readonly ResolvedReference[];
}

export interface WhereValuesAre {
  readonly environment: Environment;
  /** What a stored connection stands for. */
  readonly stored?: (name: string, path: Path) => LookedUp;
}

export const misplaced: LookedUp = {
  fault: 'a stored connection can only stand at `url` of a source or destination',
  at: null,
};

const nothingStored = (): LookedUp => misplaced;

/**
 * Puts values in the place of references, as what the schema wants there: a secret, a text, a number or a boolean. Texts that
 * stand where a secret may stand become secrets too. At a missing variable or file stays `undefined`, and its fault says why.
 */
export function resolveReferences(
  input: unknown,
  schema: z.core.$ZodType,
  { environment, stored = nothingStored }: WhereValuesAre,
): ResolvedReferences {
  const faults: Fault[] = [];
  const secrets: SecretText[] = [];
  const references: ResolvedReference[] = [];

  const settle = (text: string, path: Path, fromReference: boolean): unknown => {
    const value = fromReference
      ? fitText(text, schemasAt(schema, path))
      : sealText(text, schemasAt(schema, path));
    if (value instanceof SecretText) secrets.push(value);
    else if (value === undefined) secrets.push(new SecretText(text));
    return value ?? text;
  };

  const resolveReference = (reference: Reference, path: Path): unknown => {
    const found = lookUp(reference, environment);
    references.push(referenceTo(reference, formatPath(path), found));
    if ('fault' in found) faults.push({ path, message: found.fault });
    return 'fault' in found ? undefined : settle(found.text, path, true);
  };

  const resolveStored = (reference: StoredReference, path: Path): unknown => {
    const found = stored(reference.$stored, path);
    if ('fault' in found) faults.push({ path, message: found.fault });
    return 'fault' in found ? undefined : settle(found.text, path, true);
  };

  const visit = (value: unknown, path: Path): unknown => {
    if (isStoredReference(value)) return resolveStored(value, path);
    if (isReference(value)) return resolveReference(value, path);
    if (typeof value === 'string') return settle(value, path, false);
    if (Array.isArray(value)) return value.map((item: unknown, index) => visit(item, [...path, index]));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };

  return { value: visit(input, []), faults, secrets, references };
}

const accepts = (schemas: readonly z.core.$ZodType[], value: unknown): boolean =>
  schemas.some((schema) => {
    const parsed = z.safeParse(schema, value);
    // An object without required keys takes a secret too, for the object that it is.
    return parsed.success && (!(value instanceof SecretText) || parsed.data === value);
  });

/** The first reading of a text that its place takes; undefined: none. */
function fitText(text: string, schemas: readonly z.core.$ZodType[]): unknown {
  const readings: unknown[] = [new SecretText(text), text];
  if (text.trim() !== '' && Number.isFinite(Number(text))) readings.push(Number(text));
  if (text === 'true' || text === 'false') readings.push(text === 'true');
  return readings.find((reading) => accepts(schemas, reading));
}

function sealText(text: string, schemas: readonly z.core.$ZodType[]): unknown {
  const secret = new SecretText(text);
  return accepts(schemas, secret) ? secret : text;
}
