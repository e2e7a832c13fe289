import type { DeadLetterDetail, DeadLetterPage, DiscardResult } from '../../service/live-results.ts';
import { count, counted, time } from './numbers.ts';
import { requestText } from './request.ts';
import { table } from './table.ts';

export function letterPageText({ pipeline, letters, next }: DeadLetterPage): readonly string[] {
  if (letters.length === 0) return [`${pipeline}: no dead letters`];
  const rows = letters.map((letter) => [
    String(letter.id),
    letter.collection,
    letter.key,
    letter.state,
    count(letter.attempts),
    time(letter.lastFailedAtMs),
    `${letter.code}: ${letter.message}`,
  ]);
  const columns = [
    { title: 'id', align: 'right' as const },
    { title: 'collection' },
    { title: 'key' },
    { title: 'state' },
    { title: 'attempts', align: 'right' as const },
    { title: 'last tried' },
    { title: 'why' },
  ];
  const more = next === null ? [] : [`more: lockstep dead-letters ${pipeline} list --after ${next}`];
  return [...table(columns, rows), ...more];
}

export function letterText(letter: DeadLetterDetail): readonly string[] {
  const row = letter.withheld === null ? JSON.stringify(letter.row, null, 2).split('\n') : [letter.withheld];
  return [
    `${letter.pipeline}: letter ${letter.id}, ${letter.collection} ${letter.key}`,
    `  ${letter.code}: ${letter.message}`,
    `  ${letter.state}, tried ${counted(letter.attempts, 'time')}, first ${time(letter.firstFailedAtMs)}, last ${time(letter.lastFailedAtMs)}`,
    letter.withheld === null ? '  row as it was refused:' : '  no row:',
    ...row.map((line) => `    ${line}`),
  ];
}

export const discardText = ({ pipeline, discarded, request }: DiscardResult): readonly string[] =>
  request === null
    ? [`${pipeline}: ${counted(discarded ?? 0, 'dead letter')} discarded`]
    : requestText(request);
