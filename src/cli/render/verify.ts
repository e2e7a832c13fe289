import { comparedAsWhole, type VerifiedCollection, type VerifyResult } from '../../service/results.ts';
import { failureText } from './findings.ts';
import { count, duration } from './numbers.ts';
import { keyList } from './plan.ts';
import { table } from './table.ts';

export function verifyText(result: VerifyResult): readonly string[] {
  return [
    ...collectionTable(result.collections),
    ...result.collections.flatMap(sampleText),
    ...result.collections.filter(differsAsWhole).map(wholeText),
    ...repairText(result),
    ...result.failures.flatMap(failureText),
    `${result.pipeline}: ${result.equal ? 'equal' : 'not equal'}, compared in ${duration(result.seconds)}`,
  ];
}

const collectionTable = (collections: readonly VerifiedCollection[]): readonly string[] =>
  table(
    [
      { title: 'collection' },
      { title: 'source', align: 'right' },
      { title: 'target', align: 'right' },
      { title: 'missing', align: 'right' },
      { title: 'extra', align: 'right' },
      { title: 'different', align: 'right' },
      { title: 'clashes', align: 'right' },
      { title: 'explained', align: 'right' },
      { title: 'compared by' },
    ],
    collections.map((row) => [
      row.collection,
      count(row.sourceRows),
      count(row.targetRows),
      count(row.missing),
      count(row.extra),
      differsAsWhole(row) ? '?' : count(row.different),
      count(row.clashes),
      count(row.explained.deadLetters + row.explained.held),
      row.method,
    ]),
  ).map((line) => `  ${line}`);

const differsAsWhole = ({ equal, method }: VerifiedCollection): boolean =>
  !equal && method === comparedAsWhole;

const wholeText = ({ collection }: VerifiedCollection): string =>
  `  ${collection}: differs as a whole; without a key nothing says in which rows, or in how many`;

function sampleText(collection: VerifiedCollection): readonly string[] {
  const kinds = ['missing', 'extra', 'different'] as const;
  return kinds
    .filter((kind) => collection.samples[kind].length > 0)
    .map(
      (kind) => `  ${collection.collection}: ${kind} ${keyList(collection.samples[kind], collection[kind])}`,
    );
}

function repairText({ repaired }: VerifyResult): readonly string[] {
  if (repaired === null) return [];
  return [
    `  repaired: ${count(repaired.inserted)} inserted, ${count(repaired.updated)} updated, ${count(repaired.left)} left`,
  ];
}
