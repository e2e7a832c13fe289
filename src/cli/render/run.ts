import type { RunResult, WaitingGuard } from '../../service/results.ts';
import { failureText } from './findings.ts';
import { extentText, reachedText } from './incremental.ts';
import { count, counted, duration } from './numbers.ts';
import { keyList, stepText } from './plan.ts';
import { table } from './table.ts';

export function runText(run: RunResult): readonly string[] {
  return [
    ...run.steps.flatMap(stepText),
    ...extentText(run.extents),
    ...countTable(run),
    ...run.guards.map((guard) => guardText(run.pipeline, guard)),
    ...run.failures.flatMap(failureText),
    `${run.pipeline}: ${verdict(run)} after ${duration(run.seconds)}${run.resumed ? ' (went on where it had stopped)' : ''}`,
  ];
}

function verdict(run: RunResult): string {
  switch (run.result) {
    case 'equal':
      return reachedText(run.extents);
    case 'pending':
      return `${reachedText(run.extents)} but for ${[...letters(run), ...held(run)].join(' and ') || 'what is pending'}`;
    case 'failed':
      return `${counted(run.failures.length, 'collection')} failed`;
  }
}

const letters = (run: RunResult): readonly string[] =>
  run.deadLetters > 0 ? [counted(run.deadLetters, 'dead letter')] : [];

const held = (run: RunResult): readonly string[] => {
  const rows = run.collections.reduce((sum, collection) => sum + collection.held, 0);
  return rows > 0 ? [`${counted(rows, 'row')} that wait for \`lockstep approve\``] : [];
};

const countTable = (run: RunResult): readonly string[] =>
  table(
    [
      { title: 'collection' },
      ...['source', 'target', 'copied', 'inserted', 'updated', 'left', 'held', 'clashes', 'letters'].map(
        (title) => ({
          title,
          align: 'right' as const,
        }),
      ),
    ],
    run.collections.map((row) => [
      row.collection,
      ...[
        row.sourceRows,
        row.targetRows,
        row.copied,
        row.inserted,
        row.updated,
        row.left,
        row.held,
        row.clashes,
        row.deadLetters,
      ].map(count),
    ]),
  ).map((line) => `  ${line}`);

export const guardText = (pipeline: string, guard: WaitingGuard): string =>
  `  ${guard.collection}: ${count(guard.leaving)} of ${count(guard.total)} rows would leave, ${
    guard.state === 'approved'
      ? 'approved: the next run removes them'
      : `held until \`lockstep approve ${pipeline} --collection ${guard.collection}\``
  } (${keyList(guard.samples, guard.leaving)})`;
