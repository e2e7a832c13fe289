import type { RecipeCommandInput, RecipeCommandResult, RunResult } from '../../../index.ts';
import { pipeline } from '../configuration.ts';
import { recorded } from '../errors/recorded.ts';
import { openService, usage } from './command.ts';

/** Part of a pass, in key order: `bulk`, `bulk LIMIT`, `bulk LIMIT OFFSET`. Nobody leaves by it. Refused while the service runs, which does it all. */
export async function bulk(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  const [limit = null, offset = 0] = input.args.map(countOf);
  const { service } = openService(input);
  await using _service = service;
  return await recorded({ errors: service.errors, type: 'BULK_SYNC_FAILED' }, async () => {
    const engine = await service.open({ kind: 'part', limit, offset }, { signal: input.signal });
    const result = await engine.run(pipeline, { signal: input.signal });
    const isWell = result.result === 'equal';
    const exit = result.result === 'equal' ? 'ok' : result.result;
    return { result: { exit, data: { result }, text: [textOf(result)] } as const, isWell };
  });
}

function textOf({ result, collections: [users], deadLetters }: RunResult): string {
  const counts =
    users === undefined
      ? ''
      : `read ${users.sourceRows}, inserted ${users.copied + users.inserted}, updated ${users.updated}`;
  return `${result}: ${counts}, dead letters ${deadLetters}`;
}

function countOf(text: string, place: number): number {
  const count = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(count) && (place > 0 || count > 0)) return count;
  const what =
    place === 0 ? 'the limit must be a whole number from 1' : 'the offset must be a whole number from 0';
  throw usage(`bulk: ${what}`, 'For example: lockstep user-table bulk 1000 5000');
}
