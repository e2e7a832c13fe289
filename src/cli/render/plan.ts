import type { PreparedStep } from '../../protocol/writer.ts';
import type { PlannedCollection, PlanResult } from '../../service/results.ts';
import { failureText } from './findings.ts';
import { extentText } from './incremental.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';

export function planText(plan: PlanResult): readonly string[] {
  return [
    `${plan.pipeline}: ${inShort(plan)}`,
    ...plan.steps.flatMap(stepText),
    ...(plan.collections.length === 0 ? [] : ['', ...collectionTable(plan.collections)]),
    ...plan.collections.flatMap(sampleText),
    ...plan.collections.flatMap(comesInText),
    ...extentText(plan.extents),
    ...laterText(plan),
    ...plan.collections.filter((collection) => collection.guarded).map(guardText),
    ...plan.failures.flatMap(failureText),
  ];
}

function inShort({ inStep, steps, collections, failures }: PlanResult): string {
  if (inStep) return 'both sides are equal, a run would change nothing';
  const writes = collections.some(({ insert, update, leave }) => insert + update + leave > 0);
  if (writes || steps.length > 0 || failures.length > 0) return 'a run would do this (nothing was written)';
  return 'a run would change nothing, and leave both sides different: rows that are not ours have keys of ours (clashes)';
}

export const stepText = (step: PreparedStep): readonly string[] => [
  `  ${step.what}`,
  ...(step.statement === null ? [] : step.statement.split('\n').map((line) => `    ${line}`)),
];

const collectionTable = (collections: readonly PlannedCollection[]): readonly string[] =>
  table(
    [
      { title: 'collection' },
      { title: 'insert', align: 'right' },
      { title: 'update', align: 'right' },
      { title: 'leave', align: 'right' },
      { title: 'unchanged', align: 'right' },
      { title: 'clashes', align: 'right' },
    ],
    collections.map((row) => [
      row.collection,
      `${row.estimated ? 'about ' : ''}${count(row.insert)}`,
      count(row.update),
      count(row.leave),
      row.unchanged === null ? '?' : count(row.unchanged),
      count(row.clashes),
    ]),
  ).map((line) => `  ${line}`);

/** What a run of an incremental pipeline does not look at. */
function laterText({ extents, collections }: PlanResult): readonly string[] {
  const names = new Set(extents.filter(({ reads }) => reads === 'since').map(({ collection }) => collection));
  return collections
    .filter(({ collection, leave }) => leave > 0 && names.has(collection))
    .map(
      ({ collection }) =>
        `  ${collection}: what would leave, and what changed without its cursor, waits for the next comparison`,
    );
}

function sampleText(collection: PlannedCollection): readonly string[] {
  const verbs = ['insert', 'update', 'leave'] as const;
  return verbs
    .filter((verb) => collection.samples[verb].length > 0)
    .map(
      (verb) => `  ${collection.collection}: ${verb} ${keyList(collection.samples[verb], collection[verb])}`,
    );
}

const ways: Readonly<Record<NonNullable<PlannedCollection['comesIn']>['by'], string>> = {
  copy: 'copied at once',
  differences: 'the rows that differ are put aside, then brought in by one transaction',
  whole: 'all rows are put aside, then replaced in one transaction',
  swap: 'a table made aside with all rows takes the target’s place',
  direct: 'written as it is found, in many transactions',
};

function comesInText({ collection, comesIn }: PlannedCollection): readonly string[] {
  if (comesIn === null) return [];
  return [`  ${collection}: ${ways[comesIn.by]} (${comesIn.reason})`];
}

/** Some keys, and how many more there are. */
export function keyList(keys: readonly string[], total: number): string {
  const more = total - keys.length;
  return `${keys.join(' ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
}

const guardText = (collection: PlannedCollection): string =>
  `  ${collection.collection}: so much would leave that a run holds it back until \`lockstep approve\``;
