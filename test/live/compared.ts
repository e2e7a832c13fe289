import type { RunningPipeline } from './live-pair.ts';

export const comparisonOf = async ({ engine }: RunningPipeline) =>
  (await engine.status('it'))[0]?.live?.comparison ?? null;

/** Resolves with the report once a comparison that began after this call has ended. */
export async function compared(running: RunningPipeline) {
  const from = Date.now();
  let report: Awaited<ReturnType<typeof comparisonOf>> = null;
  await running.until('a comparison that began now has ended', async () => {
    report = await comparisonOf(running);
    return (report?.last?.startedAtMs ?? 0) >= from;
  });
  return report as Awaited<ReturnType<typeof comparisonOf>>;
}
