import { z } from 'zod';
import type { ControlStore, RunRecord } from '../../../protocol/control-store.ts';
import { isErrorCode } from '../../../protocol/errors/catalogue.ts';
import type { RunEntry } from '../../results.ts';
import { triggerOf } from './trigger.ts';

const figure = z.number().default(0);
const countsSchema = z.object({
  copied: figure,
  inserted: figure,
  updated: figure,
  left: figure,
  clashes: figure,
  deadLetters: figure,
  held: figure,
});
type Counts = z.output<typeof countsSchema>;

const summarySchema = z.object({
  collections: z.record(z.string(), countsSchema).optional(),
  extent: z.enum(['all', 'since']).optional(),
  code: z.string().optional(),
  message: z.string().default(''),
});

/** Newest first; the store keeps the newest thousand. */
export async function runHistory(
  store: ControlStore,
  pipeline: string,
  limit: number,
): Promise<readonly RunEntry[]> {
  return (await store.runs.list(pipeline, limit)).map(toEntry);
}

export function toEntry(record: RunRecord): RunEntry {
  const { id, kind, startedAtMs, endedAtMs, result } = record;
  const parsed = summarySchema.safeParse(record.summary);
  const { collections, extent = null, code, message = '' } = parsed.success ? parsed.data : {};
  return {
    id,
    kind,
    startedAtMs,
    endedAtMs,
    result,
    ...triggerOf(record),
    counts: collections === undefined ? null : sumOf(Object.values(collections)),
    failure: code === undefined ? null : { code: isErrorCode(code) ? code : 'internal', message },
    extent,
  };
}

const none: Counts = { copied: 0, inserted: 0, updated: 0, left: 0, clashes: 0, deadLetters: 0, held: 0 };

const sumOf = (all: readonly Counts[]): Counts =>
  all.reduce(
    (sum, each) => ({
      copied: sum.copied + each.copied,
      inserted: sum.inserted + each.inserted,
      updated: sum.updated + each.updated,
      left: sum.left + each.left,
      clashes: sum.clashes + each.clashes,
      deadLetters: sum.deadLetters + each.deadLetters,
      held: sum.held + each.held,
    }),
    none,
  );

/** Runs that failed since one ended otherwise; those that were stopped or are under way say nothing. Newest first. */
export function failuresInARow(runs: readonly RunEntry[]): number {
  const told = runs.filter(
    ({ kind, result }) => kind === 'run' && result !== 'interrupted' && result !== 'running',
  );
  const ended = told.findIndex(({ result }) => result !== 'failed');
  return ended === -1 ? told.length : ended;
}
