import { FieldReader } from './field-reader.ts';

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
}

/** A table as the stream describes it before its first change, and again when that changed. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly RelationColumn[];
}

export function readRelation(bytes: Buffer, start: number): Relation {
  const fields = new FieldReader(bytes, start);
  const oid = fields.uint32();
  const schema = fields.text() || 'pg_catalog';
  const table = fields.text();
  fields.byte(); // Replica identity: what old tuples hold is told by each change.
  const count = fields.int16();
  const columns = Array.from({ length: count }, () => {
    fields.byte(); // Whether it is part of the replica identity.
    return { name: fields.text(), typeOid: fields.uint32(), typmod: fields.int32() };
  });
  return { oid, schema, table, columns };
}

/** A type that is not built in. For a domain the server names the type beneath. */
export interface StreamType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export function readType(bytes: Buffer, start: number): StreamType {
  const fields = new FieldReader(bytes, start);
  const oid = fields.uint32();
  const schema = fields.text() || 'pg_catalog';
  return { oid, schema, name: fields.text() };
}

export interface RelationChange {
  readonly kind: 'rename' | 'shape';
  readonly detail: string;
}

/** What became of a table since it was described last, for people; null: nothing. */
export function compareRelations(before: Relation, after: Relation): RelationChange | null {
  if (before.schema !== after.schema || before.table !== after.table)
    return { kind: 'rename', detail: `it is called ${after.schema}.${after.table} now` };
  const details = columnChanges(before.columns, after.columns);
  return details.length === 0 ? null : { kind: 'shape', detail: details.join(', ') };
}

type Columns = readonly RelationColumn[];

function columnChanges(before: Columns, after: Columns): string[] {
  const gone = before.filter(({ name }) => !after.some((column) => column.name === name));
  const come = after.filter(({ name }) => !before.some((column) => column.name === name));
  const renamed = before.length === after.length ? renamedColumns(before, after) : [];
  const wasRenamed = (name: string): boolean => renamed.some(({ from, to }) => from === name || to === name);
  return [
    ...renamed.map(({ from, to }) => `column "${from}" was renamed to "${to}"`),
    ...come.filter(({ name }) => !wasRenamed(name)).map(({ name }) => `column "${name}" was added`),
    ...gone.filter(({ name }) => !wasRenamed(name)).map(({ name }) => `column "${name}" was dropped`),
    ...retyped(before, after).map((name) => `column "${name}" has another type`),
  ];
}

/** A column keeps its place when it is renamed. */
function renamedColumns(before: Columns, after: Columns): { from: string; to: string }[] {
  return before.flatMap(({ name, typeOid }, index) => {
    const now = after[index];
    if (now === undefined || now.name === name || now.typeOid !== typeOid) return [];
    const isNew = !before.some((column) => column.name === now.name);
    const isGone = !after.some((column) => column.name === name);
    return isNew && isGone ? [{ from: name, to: now.name }] : [];
  });
}

const retyped = (before: Columns, after: Columns): string[] =>
  after
    .filter(({ name, typeOid, typmod }) => {
      const old = before.find((column) => column.name === name);
      return old !== undefined && (old.typeOid !== typeOid || old.typmod !== typmod);
    })
    .map(({ name }) => name);
