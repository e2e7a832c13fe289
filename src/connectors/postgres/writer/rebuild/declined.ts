/** Inside the writer only: what was asked for is not possible here, and nothing of it was done. */
export class Declined extends Error {
  override readonly name = 'Declined';
}

/** Unless there is none. */
export function declineFor(reasons: readonly string[]): void {
  if (reasons.length > 0) throw new Declined(reasons.join('; '));
}
