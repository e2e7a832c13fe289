import type { Session } from '../../session/session.ts';
import { portrait } from './portrait.sql.ts';

/** By what it is about: what the catalogue says of a table and of all its keys and indexes. */
export type Likeness = ReadonlyMap<string, string>;

export async function likenessOf(
  session: Session,
  oid: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<Likeness> {
  const { rows } = await session.query<{ what: string; fact: string }>(portrait, [oid], { signal });
  return new Map(rows.map(({ what, fact }) => [what, fact]));
}

/** What is not as it was; empty: nobody can tell. */
export const differencesOf = (before: Likeness, after: Likeness): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((what) => before.get(what) !== after.get(what));
