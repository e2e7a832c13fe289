import type { GenerationList, GenerationResult, ResumeResult, RunResult } from '../../../index.ts';
import { digests, judge } from './judge.ts';
import { lockstep } from './lockstep.ts';
import { priceRise, tables } from './shop.sql.ts';
import type { Stage } from './stage.ts';
import type { View } from './view.ts';

/** A full refresh that comes in at once, is taken back at once, and comes in again. False: a row was not as it should have been. */
export async function refreshAndTakeBack(stage: Stage, view: View): Promise<boolean> {
  view.step('lockstep run · a full refresh: what differs is put aside, then comes in by one transaction');
  const before = await digests(stage.target, tables);
  for (const statement of priceRise) await stage.source.query(statement);
  await lockstep<RunResult>(['run', 'shop'], stage);
  const { generations } = await lockstep<GenerationList>(['generations', 'shop', 'list'], stage);
  const newest = generations.find(({ state }) => state === 'promoted');
  for (const { collection, inserted, updated, left } of newest?.collections ?? [])
    if ((inserted ?? 0) + (updated ?? 0) + (left ?? 0) > 0)
      view.say(`${collection.padEnd(18)} inserted ${inserted}, updated ${updated}, deleted ${left}`);
  view.step('lockstep generations rollback · the price rise was a mistake: the target is as it was');
  const { generation } = await lockstep<GenerationResult>(['generations', 'shop', 'rollback'], stage);
  const isBack = JSON.stringify(await digests(stage.target, tables)) === JSON.stringify(before);
  view.say(`${isBack ? '✓' : '✗'} generation ${generation.id} taken back; the pipeline is paused`);
  view.step('lockstep resume --yes, and run · it was meant after all');
  await lockstep<ResumeResult>(['resume', 'shop', '--yes'], stage);
  await lockstep<RunResult>(['run', 'shop'], stage);
  const verdicts = await judge(stage.source, stage.target, tables);
  return isBack && verdicts.every(({ equal }) => equal);
}
