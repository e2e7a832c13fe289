import { type LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../session/session.ts';

const spelling = 'SELECT pg_catalog.format_type($1::oid, $2::int4) AS name';

/** No column is of a pseudo-type. */
const named = `SELECT t.oid, t.typtype = 'd' AS "isDomain"
  FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype($1) AND t.typtype <> 'p'`;

interface NamedType {
  readonly oid: number;
  readonly isDomain: boolean;
}

/** A domain has none: the server would tell that of its base type. */
const none = -1;

/** Each type as the server itself spells it, modifiers included: `varchar(9)` → `character varying(9)`; null: it has no such type. */
export async function spellTypes(
  session: Session,
  names: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string | null>> {
  const spelled = new Map<string, string | null>();
  for (const name of new Set(names)) spelled.set(name, await spellType(session, name, signal));
  return spelled;
}

async function spellType(session: Session, name: string, signal: AbortSignal): Promise<string | null> {
  const typed = await typeOf(session, name, signal);
  if (typed === null) return null;
  const { rows } = await session.query<{ name: string }>(spelling, [typed.oid, typed.modifier], { signal });
  return rows[0]?.name ?? null;
}

/** Only what the server takes for the name of one type, whole, becomes part of a statement. */
async function typeOf(
  session: Session,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly oid: number; readonly modifier: number } | null> {
  try {
    const { rows } = await session.query<NamedType>(named, [name], { signal });
    const type = rows[0];
    if (type === undefined) return null;
    return { oid: type.oid, modifier: type.isDomain ? none : await modifierOf(session, name, signal) };
  } catch (thrown) {
    if (isAboutTheType(toLockstepError(thrown))) return null;
    throw thrown;
  }
}

async function modifierOf(session: Session, name: string, signal: AbortSignal): Promise<number> {
  const { typeModifiers } = await session.query(`SELECT CAST(NULL AS ${name}) LIMIT 0`, undefined, {
    signal,
  });
  return typeModifiers[0] ?? none;
}

/**
 * 42601: the text is no name of a type; 42704: nothing is called so; 22023: a modifier that it does not take; 3F000: no such schema. Servers
 * before 16 raise them for the name already.
 */
const codes: ReadonlySet<unknown> = new Set(['42601', '42704', '22023', '3F000']);

const isAboutTheType = ({ cause }: LockstepError): boolean =>
  cause instanceof Error && 'code' in cause && codes.has(cause.code);
