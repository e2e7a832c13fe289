const takeovers = new Map<string, number[]>();

/** Keeps how long it took, for whoever reads the output of the tests. */
export function recordTakeover(what: string, tookMs: number): void {
  takeovers.set(what, [...(takeovers.get(what) ?? []), Math.round(tookMs)]);
}

export const takeoversOf = (): string =>
  [...takeovers].map(([what, tookMs]) => `takeover, ${what}: ${tookMs.join(', ')} ms`).join('\n');
