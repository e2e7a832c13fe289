/** How much chaos a run takes: `LOCKSTEP_CHAOS_FULL=1` all of it, `LOCKSTEP_CHAOS_KILLS=n` so many, else what fits in a moment. */
export interface Extent {
  readonly kills: number;
  readonly seconds: number;
}

const fullKills = 200;
/** With the rest of the suite well under six minutes on two cores. */
const seconds = { ci: 150, otherwise: 30 };

export function extentOfChaos(environment: NodeJS.ProcessEnv): Extent {
  const endless = Number.POSITIVE_INFINITY;
  if (isFull(environment)) return { kills: fullKills, seconds: endless };
  const kills = Number(environment['LOCKSTEP_CHAOS_KILLS'] ?? '');
  if (kills > 0) return { kills, seconds: endless };
  return { kills: fullKills, seconds: environment['CI'] ? seconds.ci : seconds.otherwise };
}

export const isFull = (environment: NodeJS.ProcessEnv): boolean => environment['LOCKSTEP_CHAOS_FULL'] === '1';
