import type { GenerationList, GenerationResult, GenerationSummary } from '../../service/results.ts';
import { failureText } from './findings.ts';
import { count, counted, time } from './numbers.ts';
import { table } from './table.ts';

export function generationListText({ pipeline, generations }: GenerationList): readonly string[] {
  if (generations.length === 0)
    return [`${pipeline}: no generations; a full run that finds differences makes one`];
  const rows = generations.map((each) => [
    String(each.id),
    each.state,
    time(each.readAtMs),
    ...sums(each).map(count),
    each.held ?? (each.canRollBack ? 'can be rolled back' : ''),
  ]);
  const right = 'right' as const;
  const columns = [
    { title: 'id', align: right },
    { title: 'state' },
    { title: 'source read' },
    { title: 'rows', align: right },
    { title: 'leaving', align: right },
    { title: '' },
  ];
  return table(columns, rows);
}

const sums = ({ collections }: GenerationSummary): readonly number[] => [
  collections.reduce((sum, { rows }) => sum + rows, 0),
  collections.reduce((sum, { leaving }) => sum + leaving, 0),
];

const done = { promoted: 'promoted', 'rolled-back': 'rolled back', discarded: 'discarded' };

const locked = (ms: number | null): string =>
  ms === null ? '' : `; swapped, readers locked out for ${count(ms)} ms at most`;

export function generationText(result: GenerationResult): readonly string[] {
  const { pipeline, generation, letters, failures, paused } = result;
  const { id, state, collections } = generation;
  const word = state in done ? done[state as keyof typeof done] : state;
  const lines = collections
    .filter(({ inserted }) => inserted !== null && state !== 'discarded')
    .map(
      ({ collection, inserted, updated, left, lockedMs }) =>
        `  ${collection}: ${count(inserted ?? 0)} inserted, ${count(updated ?? 0)} updated, ${count(left ?? 0)} left${locked(lockedMs)}`,
    );
  const next = paused
    ? [`  it is paused: a run would bring the same in again; \`lockstep resume ${pipeline} --yes\` lets it`]
    : [];
  const refused =
    letters > 0
      ? [
          `  ${counted(letters, 'row')} refused, with a dead letter instead: \`lockstep dead-letters ${pipeline} list\` says why`,
        ]
      : [];
  return [
    `${pipeline}: generation ${id} is ${word}`,
    ...lines,
    ...refused,
    ...failures.flatMap(failureText),
    ...next,
  ];
}
