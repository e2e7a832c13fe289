import type { DemoOptions, DemoResult } from '../../../index.ts';
import { copyAgain, copyWithAKill } from './acts-of-copying.ts';
import { followIntoDocuments } from './acts-of-documents.ts';
import { disturb, planned, prove, repairAll } from './acts-of-drift.ts';
import { live, removeAll } from './acts-of-living.ts';
import { refreshAndTakeBack } from './acts-of-refreshing.ts';
import { fill, schema, sizeOf, tables } from './shop.sql.ts';
import { setStage } from './stage.ts';
import { isRight } from './verdict.ts';
import { View } from './view.ts';

const fewestRows = 120_000;
const mostRows = 2_000_000;

/**
 * Two databases made equal, with a kill in the middle, disturbed, repaired, and judged by an export that is not ours; refreshed, taken back
 * and refreshed again; then followed live, through everything that may go wrong, with a second engine that takes over, and judged again. Last
 * one table is followed into MongoDB, and judged there.
 */
export async function runDemo({ seconds, signal, write }: DemoOptions): Promise<DemoResult> {
  const view = new View(write);
  const size = sizeOf(Math.min(mostRows, Math.max(fewestRows, seconds * 15_000)));
  const rows = size.customers + size.orders + size.lines + size.specimens + 1;
  view.step(
    'Starting PostgreSQL 17 (source), PostgreSQL 18 and MongoDB (targets), with nothing in the targets',
  );
  await using stage = await setStage(signal);
  view.step(`Making a shop of ${rows.toLocaleString('en')} rows, one table with a column of every type`);
  for (const statement of [schema, ...fill(size)]) await stage.source.query(statement);
  const kill = await copyWithAKill(stage, view, rows);
  const copied = await copyAgain(stage, view, rows);
  await disturb(stage, view);
  const drift = await planned(stage, view);
  const repaired = await repairAll(stage, view);
  const copiedOnce = await prove(stage, view, { pipeline: 'shop', names: tables });
  const refreshed = await refreshAndTakeBack(stage, view);
  const { changes, medianMs, ...lived } = await live(stage, view, Math.max(8, seconds / 3));
  const followed = await prove(stage, view, {
    pipeline: 'shop-live',
    names: [...tables, 'baskets', 'letters'],
  });
  const documents = await followIntoDocuments(stage, view);
  await removeAll(stage, view);
  const verified = copiedOnce.verified && followed.verified && documents?.equal !== false;
  const left = copiedOnce.left + followed.left;
  const ok = isRight({ kill, copied, drift, repaired, refreshed, verified, left, ...lived });
  view.step(
    ok ? 'Done: equal, and proved so from both sides.' : 'NOT as it should be: this is a defect of Lockstep.',
  );
  return {
    name: 'quickstart',
    ok,
    verified,
    drift: left,
    deadLetters: lived.deadLetters,
    rows,
    killedAtRows: kill.arrived,
    repaired,
    refreshed,
    takenOver: lived.takenOver,
    changes,
    latencyMs: { p50: Math.round(medianMs * 10) / 10 },
    documents: documents?.count ?? null,
  };
}
