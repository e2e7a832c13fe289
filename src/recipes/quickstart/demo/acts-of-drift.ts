import type { PlanResult, VerifyResult } from '../../../index.ts';
import { judge } from './judge.ts';
import { lockstep } from './lockstep.ts';
import { drift } from './shop.sql.ts';
import type { Stage } from './stage.ts';
import type { View } from './view.ts';

/** Rows are changed, removed and added behind our back on the target; the source changes too. */
export async function disturb(stage: Stage, view: View): Promise<void> {
  view.step('Somebody meddles with the target, and life goes on at the source');
  for (const statement of drift.target) await stage.target.query(statement);
  for (const statement of drift.source) await stage.source.query(statement);
  view.say(
    'values changed (one of them 1.00 for 1.0), lines deleted, strays added; two customers exchanged their e-mail',
  );
}

/** `verify` finds it, `plan` says what a run would do. Returns how many rows differ. */
export async function planned(stage: Stage, view: View): Promise<number> {
  view.step('lockstep verify · compares 100 % of both sides');
  const verified = await lockstep<VerifyResult>(['verify', 'shop'], stage, [2]);
  for (const { collection, equal, missing, extra, different, samples } of verified.collections) {
    const found = [...samples.missing, ...samples.extra, ...samples.different].slice(0, 2).join(' ');
    view.say(
      equal
        ? `✓ ${collection}`
        : `✗ ${collection.padEnd(18)} ${missing} missing, ${extra} extra, ${different} different  ${found} …`,
    );
  }
  view.step('lockstep plan · what a run would write; nothing is written yet');
  const plan = await lockstep<PlanResult>(['plan', 'shop'], stage, [2]);
  for (const { collection, insert, update, leave } of plan.collections) {
    if (insert + update + leave > 0)
      view.say(`${collection.padEnd(18)} insert ${insert}, update ${update}, delete ${leave}`);
  }
  return verified.collections.reduce(
    (sum, { missing, extra, different }) => sum + missing + extra + different,
    0,
  );
}

/** Returns how many rows were written. */
export async function repairAll(stage: Stage, view: View): Promise<number> {
  view.step('lockstep verify --repair · writes only what differs');
  const result = await lockstep<VerifyResult>(['verify', 'shop', '--repair'], stage);
  const { inserted, updated, left } = result.repaired ?? { inserted: 0, updated: 0, left: 0 };
  view.say(`inserted ${inserted}, updated ${updated}, deleted ${left}`);
  return inserted + updated + left;
}

/** `verify` says equal, and an ordered export of both sides, which is not ours, says so too. */
export async function prove(
  stage: Stage,
  view: View,
  { pipeline, names }: { readonly pipeline: string; readonly names: readonly string[] },
): Promise<{ verified: boolean; left: number }> {
  view.step('lockstep verify · and an independent export of both sides');
  const result = await lockstep<VerifyResult>(['verify', pipeline], stage, [0, 2]);
  const left = result.collections.reduce(
    (sum, { missing, extra, different }) => sum + missing + extra + different,
    0,
  );
  const verdicts = await judge(stage.source, stage.target, names);
  for (const { table, rows, equal } of verdicts) {
    view.say(
      `${equal ? '✓' : '✗'} ${table.padEnd(12)} ${rows.toLocaleString('en')} rows, sha256 of the ordered export ${equal ? 'equal' : 'DIFFERENT'}`,
    );
  }
  return { verified: result.equal && verdicts.every(({ equal }) => equal), left };
}
