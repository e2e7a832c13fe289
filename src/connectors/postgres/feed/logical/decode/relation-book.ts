import { parseName } from '../../../names.ts';
import { typeNameOfOid } from '../../../types/text-decoding.ts';
import type { CapturedCollection, Projection } from './projection.ts';
import { projectionOf } from './projection.ts';
import { compareRelations, type Relation, type RelationChange, type StreamType } from './relation.ts';

/** Types that a server has from the start have OIDs below; the stream explains all others. */
const firstUserOid = 16_384;

/** A table of the stream and who wants its changes. */
export interface KnownRelation {
  readonly relation: Relation;
  /** As the configuration spells it. */
  readonly source: string;
  readonly collections: readonly string[];
  readonly projections: readonly Projection[];
}

export interface BookOptions {
  readonly collections: readonly (CapturedCollection & { readonly source: string })[];
  readonly defaultSchema: string;
  /** As they were described when the stream was open before; outlives the book. */
  readonly shapes: Map<number, Relation>;
  /** When each was truncated last, in `performance.now()` milliseconds. */
  readonly truncated: Map<number, number>;
}

/** Descriptions of the tables of one stream. */
export class RelationBook {
  readonly #options: BookOptions;
  readonly #known = new Map<number, KnownRelation>();
  readonly #types = new Map<number, StreamType>();

  constructor(options: BookOptions) {
    this.#options = options;
  }

  get(oid: number): KnownRelation | undefined {
    return this.#known.get(oid);
  }

  noteTruncation(oid: number): void {
    this.#options.truncated.set(oid, performance.now());
  }

  noteType(type: StreamType): void {
    this.#types.set(type.oid, type);
  }

  /** What became of it since it was described last; null: nothing. Told with the collections that had it. */
  note(relation: Relation): { readonly change: RelationChange; readonly of: KnownRelation } | null {
    const before = this.#options.shapes.get(relation.oid);
    const known = this.#describe(relation);
    this.#options.shapes.set(relation.oid, relation);
    this.#known.set(relation.oid, known);
    const change = before === undefined ? null : compareRelations(before, relation);
    if (before !== undefined && change?.kind === 'rename') return { change, of: this.#describe(before) };
    // Without its key a change can't be told: never silently.
    if (known.projections.length < known.collections.length)
      return {
        change: { kind: 'shape', detail: change?.detail ?? 'a column of the key is missing' },
        of: known,
      };
    return change === null ? null : { change, of: known };
  }

  #describe(relation: Relation): KnownRelation {
    const wanted = this.#options.collections.filter(({ source }) => {
      const { schema, table } = parseName(source, this.#options.defaultSchema);
      return schema === relation.schema && table === relation.table;
    });
    const typeNameOf = (oid: number): string => this.#typeNameOf(oid);
    return {
      relation,
      source: wanted[0]?.source ?? relation.table,
      collections: wanted.map(({ name }) => name),
      projections: wanted
        .map((collection) => projectionOf(collection, relation, typeNameOf))
        .filter((projection) => projection !== null),
    };
  }

  /** By which its values are read. */
  #typeNameOf(oid: number): string {
    if (oid < firstUserOid) return typeNameOfOid(oid);
    const type = this.#types.get(oid);
    return type?.schema === 'pg_catalog' ? type.name : 'text';
  }
}
