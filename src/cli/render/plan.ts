import type { PreparedStep } from '../../protocol/writer.ts';
import type { PlannedCollection, PlanResult } from '../../service/results.ts';
import { failureText } from './findings.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';

export function planText(plan: PlanResult): readonly string[] {
  return [
    `${plan.pipeline}: ${plan.inStep ? 'both sides are equal, a run would change nothing' : 'a run would do this (nothing was written)'}`,
    ...plan.steps.flatMap(stepText),
    ...(plan.collections.length === 0 ? [] : ['', ...collectionTable(plan.collections)]),
    ...plan.collections.flatMap(sampleText),
    ...plan.collections.filter((collection) => collection.guarded).map(guardText),
    ...plan.failures.flatMap(failureText),
  ];
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

function sampleText(collection: PlannedCollection): readonly string[] {
  const verbs = ['insert', 'update', 'leave'] as const;
  return verbs
    .filter((verb) => collection.samples[verb].length > 0)
    .map(
      (verb) => `  ${collection.collection}: ${verb} ${keyList(collection.samples[verb], collection[verb])}`,
    );
}

/** Some keys, and how many more there are. */
export function keyList(keys: readonly string[], total: number): string {
  const more = total - keys.length;
  return `${keys.join(' ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
}

const guardText = (collection: PlannedCollection): string =>
  `  ${collection.collection}: so much would leave that a run holds it back until \`lockstep approve\``;
