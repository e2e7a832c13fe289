import type { z } from 'zod';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Fault } from './fault.ts';
import { keysAt, literalsAt, type Path, tellingKeysAt } from './schema-tree.ts';
import { kindOf, valueAt } from './values.ts';

type Issue = z.core.$ZodIssue;

export interface IssueContext {
  readonly schema: z.core.$ZodType;
  /** The input, to say what kind of value stands at a path. Values themselves are never shown. */
  readonly input: unknown;
}

/** What zod found, in the words of somebody who writes a configuration. */
export function describeIssues(issues: readonly Issue[], context: IssueContext): readonly Fault[] {
  return issues.flatMap((issue) => describeIssue(issue, issue.path, context));
}

function describeIssue(issue: Issue, path: Path, context: IssueContext): readonly Fault[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: strangeKey(key, path, context) }));
    case 'invalid_type':
      return [{ path, message: wrongType(article(issue.expected), valueAt(context.input, path)) }];
    case 'invalid_value':
      return [{ path, message: wrongValue(issue.values, valueAt(context.input, path)) }];
    case 'too_small':
      return [{ path, message: tooSmall(issue) }];
    case 'too_big':
      return [
        { path, message: `must ${sizeVerb(issue.origin)} at most ${issue.maximum}${sizeUnit(issue.origin)}` },
      ];
    case 'invalid_union':
      return describeUnion(issue, path, context);
    case 'invalid_key':
      return issue.issues.flatMap((inner) => describeIssue(inner, path, { ...context, input: undefined }));
    case 'invalid_element':
      return issue.issues.flatMap((inner) => describeIssue(inner, path, context));
    case 'not_multiple_of':
      return [{ path, message: `must be a multiple of ${issue.divisor}` }];
    case 'invalid_format':
    case 'custom':
      return [{ path, message: issue.message }];
  }
}

/** One that is known beside other keys than those that stand there, or not at all. */
function strangeKey(key: string, path: Path, { schema, input }: IssueContext): string {
  const known = keysAt(schema, path);
  const beside = tellingKeysAt(schema, path).filter(
    (other) => other !== key && valueAt(input, [...path, other]) !== undefined,
  );
  if (!known.includes(key) || beside.length === 0) return unknownKey(key, known);
  const named = beside.map((other) => {
    const listed = literalsAt(schema, [...path, other]);
    const value = valueAt(input, [...path, other]);
    return listed.some((literal) => literal === value) ? `${other} "${value}"` : other;
  });
  return `does not go with ${named.join(', ')}`;
}

const unknownKey = (key: string, known: readonly string[]): string =>
  `is not a known key${nearestHint(key, known)}${known.length === 0 ? '' : ` (known: ${[...known].sort().join(', ')})`}`;

function wrongType(expected: string, value: unknown): string {
  if (value === undefined) return `is missing (${expected})`;
  const kind = kindOf(value);
  return expected === 'a whole number' && kind === 'a number'
    ? `must be ${expected}`
    : `must be ${expected}, not ${kind}`;
}

function wrongValue(values: readonly z.core.util.Primitive[], value: unknown): string {
  if (value === undefined) return `is missing (${oneOf(values)})`;
  // The nearest name is one of ours, so nothing of what was written is shown.
  const hint =
    typeof value === 'string'
      ? nearestHint(
          value,
          values.filter((item) => typeof item === 'string'),
        )
      : '';
  return `must be ${oneOf(values)}${hint}`;
}

const oneOf = (values: readonly z.core.util.Primitive[]): string => {
  const shown = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)));
  return shown.length === 1 ? String(shown[0]) : `one of ${shown.join(', ')}`;
};

function tooSmall(issue: z.core.$ZodIssueTooSmall): string {
  if (sizeVerb(issue.origin) === 'have' && issue.minimum === 1) return 'must not be empty';
  return `must ${sizeVerb(issue.origin)} at least ${issue.minimum}${sizeUnit(issue.origin)}`;
}

const sizeVerb = (origin: string): string =>
  origin === 'string' || origin === 'array' || origin === 'set' || origin === 'map' ? 'have' : 'be';

function sizeUnit(origin: string): string {
  if (origin === 'string') return ' characters';
  return sizeVerb(origin) === 'have' ? ' entries' : '';
}

/** The branch that was most likely meant; when several are equally likely, what they have in common. */
function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  context: IssueContext,
): readonly Fault[] {
  const meant = issue.errors.filter((branch) => !branch.some(refusesWhole));
  // A union that is told apart by one key: no branch was looked into, and the values of that key are known.
  if (issue.errors.length === 0)
    return [{ path, message: wrongValue(literalsAt(context.schema, path), valueAt(context.input, path)) }];
  if (meant.length === 0)
    return [{ path, message: wrongType(expectation(issue.errors), valueAt(context.input, path)) }];
  const best = fewestBy(fewestBy(meant, unknownKeyCount), (branch) => branch.length);
  const [only] = best;
  if (best.length === 1 && only !== undefined) return describeBranch(only, path, context);
  return describeTie(best, path, context);
}

function fewestBy<Item>(items: readonly Item[], measure: (item: Item) => number): readonly Item[] {
  const fewest = Math.min(...items.map(measure));
  return items.filter((item) => measure(item) === fewest);
}

const unknownKeyCount = (branch: readonly Issue[]): number =>
  branch.reduce(
    (sum, issue) =>
      sum + (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys.length : 0),
    0,
  );

const describeBranch = (branch: readonly Issue[], path: Path, context: IssueContext): readonly Fault[] =>
  branch.flatMap((issue) => describeIssue(issue, [...path, ...issue.path], context));

function describeTie(
  branches: readonly (readonly Issue[])[],
  path: Path,
  context: IssueContext,
): readonly Fault[] {
  const known = keysAt(context.schema, path);
  const unknown = branches.map((branch) =>
    branch.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [])),
  );
  const never = (unknown[0] ?? []).filter(
    (key) => unknown.every((keys) => keys.includes(key)) && !known.includes(key),
  );
  if (never.length > 0)
    return never.map((key) => ({ path: [...path, key], message: unknownKey(key, known) }));
  const telling = tellingKeysAt(context.schema, path);
  return [{ path, message: `must have exactly one of the keys ${telling.join(', ')}` }];
}

/** The branch is of another kind altogether than the value. */
const refusesWhole = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  ['invalid_type', 'invalid_value', 'invalid_union', 'custom'].includes(issue.code);

/** `one of "delete", "keep", or an object` */
function expectation(branches: readonly (readonly Issue[])[]): string {
  const parts = branches.flatMap((branch) => branch.filter(refusesWhole).slice(0, 1).flatMap(expectedBy));
  return [...new Set(parts)].join(', or ');
}

function expectedBy(issue: Issue): readonly string[] {
  // A secret is written as a text, too.
  if (issue.code === 'invalid_type') return issue.expected === 'SecretText' ? [] : [article(issue.expected)];
  if (issue.code === 'invalid_value') return [oneOf(issue.values)];
  if (issue.code === 'invalid_union') return [expectation(issue.errors)];
  return [];
}

function article(expected: string): string {
  switch (expected) {
    case 'int':
      return 'a whole number';
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
    case 'record':
      return 'an object';
    default:
      return `a ${expected}`;
  }
}
