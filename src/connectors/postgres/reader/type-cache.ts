import type { PgType } from '../catalog/pg-type.ts';
import type { Session } from '../session/session.ts';
import { typesByOid } from './types.sql.ts';

/** A type, and where its operators are. */
export interface KnownType extends PgType {
  readonly schema: string;
}

interface TypeRow {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly typtype: string;
  readonly element: number | null;
  readonly base: number | null;
}

/** OIDs below this are written down in the server's source and are the same everywhere. */
const firstCountedOid = 10_000;

/** Types of one server by OID; a type never changes under its OID as far as we look at it. */
export class TypeCache {
  readonly #rows = new Map<number, TypeRow>();

  async types(
    session: Session,
    oids: readonly number[],
    options: { readonly signal: AbortSignal },
  ): Promise<KnownType[]> {
    const missing = [...new Set(oids)].filter((oid) => !this.#rows.has(oid));
    if (missing.length > 0) {
      const { rows } = await session.query<TypeRow>(typesByOid, [`{${missing.join(',')}}`], options);
      for (const row of rows) this.#rows.set(row.oid, row);
    }
    return oids.map((oid) => this.#type(oid));
  }

  #type(oid: number): KnownType {
    const row = this.#rows.get(oid);
    if (row === undefined) throw new Error(`the catalogue has no type ${oid}`);
    const element = row.element === null ? null : this.#type(row.element);
    return {
      oid,
      name: row.name,
      schema: row.schema,
      typtype: row.typtype,
      element,
      base: row.base === null ? null : this.#type(row.base),
      builtIn: oid < firstCountedOid && (element?.builtIn ?? true),
      collation: null,
      collationDeterministic: true,
    };
  }
}
