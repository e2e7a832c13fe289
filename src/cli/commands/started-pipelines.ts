import { usageError } from '../../service/failure.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import { nearestHint } from '../../service/nearest.ts';

/** The pipelines that `start` is to run: those that were named, or all that are live or have a schedule. Every fault at once. */
export function chooseStarted(engine: Lockstep, names: readonly string[]): readonly string[] {
  const { pipelines, startedPipelines } = engine;
  if (names.length === 0 && startedPipelines.length > 0) return startedPipelines;
  const faults = [...new Set(names)].flatMap((name) => {
    if (!pipelines.includes(name)) return [`There is no pipeline ${name}${nearestHint(name, pipelines)}`];
    return startedPipelines.includes(name)
      ? []
      : [`${name} is not live and has no schedule: \`lockstep run ${name}\` does its work`];
  });
  if (names.length > 0 && faults.length === 0) return [...new Set(names)];
  const known = startedPipelines.join(', ') || 'none; set `mode: live` or a `schedule` in the configuration';
  throw usageError(
    faults.join('; ') || 'No pipeline of the configuration is live or has a schedule',
    `Pipelines that can be started: ${known}`,
  );
}
