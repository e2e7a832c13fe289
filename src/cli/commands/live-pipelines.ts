import { usageError } from '../../service/failure.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import { nearestHint } from '../../service/nearest.ts';

/** The pipelines that `start` is to run: those that were named, or all live ones. Every fault at once. */
export function chooseLive(engine: Lockstep, names: readonly string[]): readonly string[] {
  const { pipelines, livePipelines } = engine;
  if (names.length === 0 && livePipelines.length > 0) return livePipelines;
  const faults = [...new Set(names)].flatMap((name) => {
    if (!pipelines.includes(name)) return [`There is no pipeline ${name}${nearestHint(name, pipelines)}`];
    return livePipelines.includes(name)
      ? []
      : [`${name} is not live: \`lockstep run ${name}\` does its work`];
  });
  if (names.length > 0 && faults.length === 0) return [...new Set(names)];
  const live = livePipelines.join(', ') || 'none; set `mode: live` in the configuration';
  throw usageError(
    faults.join('; ') || 'No pipeline of the configuration is live',
    `Live pipelines: ${live}`,
  );
}
