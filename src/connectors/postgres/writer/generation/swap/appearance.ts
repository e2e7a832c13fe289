import { z } from 'zod';
import type { Session } from '../../../session/session.ts';
import { appearance, ownedSequences } from './appearance.sql.ts';
import { obstacles } from './obstacles.sql.ts';

const text = z.string().nullable();
const options = z.array(z.string()).nullable();

/** What the facts say; the keys are those of `appearance.sql.ts`. */
const facts = {
  table: z.looseObject({
    persistence: z.string(),
    owner: z.string(),
    options,
    toast: options,
    tablespace: text,
    access: text,
    rowSecurity: z.boolean(),
    forced: z.boolean(),
    replicaIdentity: z.string(),
    grants: text,
    comment: text,
  }),
  column: z.looseObject({ statistics: z.int(), options, grants: text, identity: z.string() }),
  check: z.looseObject({}),
  index: z.looseObject({
    constraint: text,
    constraintComment: text,
    unique: z.boolean(),
    definition: z.string(),
    clustered: z.boolean(),
    replicaIdentity: z.boolean(),
    tablespace: text,
    comment: text,
  }),
  policy: z.looseObject({
    command: z.string(),
    permissive: z.boolean(),
    using: text,
    check: text,
    comment: text,
    roles: z.string(),
  }),
  statistics: z.looseObject({
    columns: z.string(),
    kinds: z.array(z.string()),
    target: z.int(),
    owner: z.string(),
    comment: text,
  }),
  sequence: z.looseObject({ column: z.string(), type: z.string(), least: z.string(), most: z.string() }),
} as const;
type Kind = keyof typeof facts;

export type Facts<Of extends Kind> = z.infer<(typeof facts)[Of]>;

interface StoredFact {
  readonly kind: string;
  readonly name: string;
  readonly fact: string;
}

/** A table as `appearance.sql.ts` tells it. */
export class Appearance {
  readonly #facts: readonly StoredFact[];

  constructor(stored: readonly StoredFact[]) {
    this.#facts = stored;
  }

  static async of(session: Session, oid: number, signal: AbortSignal): Promise<Appearance> {
    const { rows } = await session.query<{ kind: string; name: string; fact: string }>(appearance, [oid], {
      signal,
    });
    return new Appearance(rows);
  }

  all<Of extends Kind>(kind: Of): readonly { readonly name: string; readonly fact: Facts<Of> }[] {
    return this.#facts
      .filter((each) => each.kind === kind)
      .map(({ name, fact }) => ({ name, fact: facts[kind].parse(JSON.parse(fact)) as Facts<Of> }));
  }

  get table(): Facts<'table'> {
    const [found] = this.all('table');
    if (found === undefined) throw new Error('a table that has no appearance');
    return found.fact;
  }

  /** With some things called otherwise: those that have other names for as long as two tables need one each. */
  renamed(names: ReadonlyMap<string, string>): Appearance {
    const renamed = this.#facts.map((each) => ({ ...each, name: names.get(each.name) ?? each.name }));
    return new Appearance(renamed);
  }

  /** What the other one has otherwise, lacks, or has besides; empty: nothing would be lost. */
  differences(other: Appearance): readonly string[] {
    const [own, there] = [factsByWhat(this.#facts), factsByWhat(other.#facts)];
    const changed = [...own].flatMap(([what, fact]) => {
      const found = there.get(what);
      if (found === fact) return [];
      return [found === undefined ? `${what} (missing)` : `${what} (${otherwise(fact, found).join(', ')})`];
    });
    const added = [...there.keys()].filter((what) => !own.has(what)).map((what) => `${what} (added)`);
    return [...changed, ...added];
  }

  /** Of one that is there no more. */
  toJson(): readonly StoredFact[] {
    return this.#facts;
  }
}

const factsByWhat = (facts: readonly StoredFact[]): ReadonlyMap<string, string> =>
  new Map(facts.map(({ kind, name, fact }) => [`${kind} ${name}`.trimEnd(), fact]));

const anyFact = z.record(z.string(), z.unknown());

/** Which of a fact's parts are not the same. */
function otherwise(before: string, now: string): readonly string[] {
  const [then, since] = [anyFact.parse(JSON.parse(before)), anyFact.parse(JSON.parse(now))];
  const parts = new Set([...Object.keys(then), ...Object.keys(since)]);
  return [...parts].filter((part) => JSON.stringify(then[part]) !== JSON.stringify(since[part]));
}

export const storedAppearance = z.array(
  z.strictObject({ kind: z.string(), name: z.string(), fact: z.string() }),
);

/** Why a table can't be replaced by another; empty: it can. */
export async function obstaclesOf(
  session: Session,
  oid: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { rows } = await session.query<{ what: string }>(obstacles, [oid], { signal });
  return rows.map(({ what }) => what);
}

export interface OwnedSequence {
  readonly schema: string;
  readonly sequence: string;
  readonly column: string;
}

export async function ownedSequencesOf(
  session: Session,
  oid: number,
  signal: AbortSignal,
): Promise<readonly OwnedSequence[]> {
  return (
    await session.query<{ schema: string; sequence: string; column: string }>(ownedSequences, [oid], {
      signal,
    })
  ).rows;
}
