import { type LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../session/session.ts';

const spelling = 'SELECT pg_catalog.format_type($1::oid, $2::int4) AS name';

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

async function typeOf(
  session: Session,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly oid: number; readonly modifier: number } | null> {
  try {
    const { typeOids, typeModifiers } = await session.query(`SELECT CAST(NULL AS ${name})`, undefined, {
      signal,
    });
    const [oid] = typeOids;
    return oid === undefined ? null : { oid, modifier: typeModifiers[0] ?? -1 };
  } catch (thrown) {
    if (isAboutTheType(toLockstepError(thrown))) return null;
    throw thrown;
  }
}

/** 42601: the text is no name of a type; 42704: nothing is called so; 22023: a modifier that it does not take; 3F000: no such schema. */
const codes: ReadonlySet<unknown> = new Set(['42601', '42704', '22023', '3F000']);

const isAboutTheType = ({ cause }: LockstepError): boolean =>
  cause instanceof Error && 'code' in cause && codes.has(cause.code);
