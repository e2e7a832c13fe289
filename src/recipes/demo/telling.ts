/** What a demo is asked for while it lives. */
export interface Telling {
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Lines for people, each after the seconds that have passed. */
export function sayingSince(write: (line: string) => void): Telling['say'] {
  const startedAt = performance.now();
  return (line) => write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`);
}
