import type { TableName } from '../names.ts';
import type { PgNeed, PgType, PgUserType } from './pg-type.ts';

/**
 * A table as the catalogue of one server has it: everything that reading it, creating its like and comparing need.
 * JSON-able, since it travels and is stored as `Shape.native`.
 */
export interface PgTable extends TableName {
  readonly oid: number;
  /** pg_class.relkind: r table, p partitioned table, v view, m materialized view, f foreign table. */
  readonly kind: string;
  /** p permanent, u unlogged, t temporary. */
  readonly persistence: string;
  readonly columns: readonly PgColumn[];
  readonly primaryKey: PgPrimaryKey | null;
  /** Unique constraints and unique indexes, without the primary key. */
  readonly uniques: readonly PgUnique[];
  /** All valid indexes, those of constraints too. */
  readonly indexes: readonly PgIndex[];
  readonly checks: readonly PgCheck[];
  readonly exclusions: readonly PgConstraint[];
  /** Foreign keys of this table. */
  readonly references: readonly PgReference[];
  /** Foreign keys of other tables (and of itself) that point here. */
  readonly referencedBy: readonly PgReferrer[];
  readonly triggers: readonly PgTrigger[];
  readonly policies: readonly string[];
  readonly rules: readonly string[];
  /** Roles other than the owner that were granted rights. */
  readonly grantees: readonly string[];
  readonly publications: readonly string[];
  /** `fillfactor=70` */
  readonly storageParameters: readonly string[];
  /** Names of what CREATE STATISTICS made. */
  readonly extendedStatistics: readonly string[];
  readonly rowSecurity: { readonly enabled: boolean; readonly forced: boolean };
  readonly comment: string | null;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  readonly owner: string;
  /** It is a table partition of another table. */
  readonly isPartition: boolean;
  /** The table partitions of a partitioned table, which is read as one. */
  readonly partitions: readonly TableName[];
  /** `RANGE (created_at)`; null unless it is partitioned. */
  readonly partitionKey: string | null;
  /** Tables that inherit from it (no table partitions): their rows are read with it, its keys do not hold for them. */
  readonly children: readonly TableName[];
  /** Types that its columns need and that are not built in, each after those it needs itself. */
  readonly userTypes: readonly PgUserType[];
  readonly database: PgDatabase;
}

/** What of the database matters to its tables. */
export interface PgDatabase {
  readonly name: string;
  /** server_version_num. */
  readonly version: number;
  readonly encoding: string;
  /** What `COLLATE "default"` means there. */
  readonly collation: PgCollation;
}

export interface PgColumn {
  readonly name: string;
  /** Its place among the columns, from 1; dropped ones leave holes. */
  readonly position: number;
  readonly type: PgType;
  /** With modifiers: `numeric(12,2)`. */
  readonly formatType: string;
  readonly typmod: number;
  readonly notNull: boolean;
  /** Expression of the default, or of a generated column. */
  readonly default: string | null;
  /** The columns that a generated column is computed from. */
  readonly uses: readonly string[];
  /** What the expression calls, and may not exist elsewhere. */
  readonly needs: readonly PgNeed[];
  /** a always, d by default. */
  readonly identity: 'a' | 'd' | null;
  /** s stored, v virtual. */
  readonly generated: 's' | 'v' | null;
  /** Null when the type has none. */
  readonly collation: PgCollation | null;
  readonly comment: string | null;
  readonly sequence: PgSequence | null;
}

export interface PgCollation {
  /** Qualified and quoted. */
  readonly name: string;
  /** It is the database's own, `pg_catalog."default"`; the other fields then say what that is. */
  readonly isDefault: boolean;
  /** It is the one that the column's type brings; need not be said when the column is made. */
  readonly isOfType: boolean;
  /** c libc, i icu, b builtin. */
  readonly provider: string;
  readonly locale: string | null;
  readonly deterministic: boolean;
  readonly version: string | null;
}

export interface PgSequence {
  readonly schema: string;
  readonly name: string;
  /** Belongs to the column and goes with it (identity, serial); else the default merely draws from it. */
  readonly owned: boolean;
  readonly dataType: string;
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cache: string;
  readonly cycle: boolean;
  /** Null when we may not read it. */
  readonly lastValue: string | null;
  readonly isCalled: boolean | null;
}

export interface PgPrimaryKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly deferrable: boolean;
  /** `PRIMARY KEY (id) INCLUDE (name)` */
  readonly definition: string;
  readonly comment: string | null;
}

export interface PgUnique {
  readonly name: string;
  /** Its key columns; without those that are expressions. */
  readonly columns: readonly string[];
  readonly deferrable: boolean;
  readonly predicate: string | null;
  readonly expressions: boolean;
  readonly nullsNotDistinct: boolean;
  readonly definition: string;
}

export interface PgIndex {
  readonly name: string;
  /** What follows `CREATE [UNIQUE] INDEX name ON table `: `USING btree (a, lower(b)) INCLUDE (c) WHERE (d)`. */
  readonly tail: string;
  readonly definition: string;
  readonly unique: boolean;
  /** The index of a primary key, unique or exclusion constraint. */
  readonly constraint: PgConstraint | null;
  /** Every column that it mentions, in expressions and predicates too. */
  readonly columns: readonly string[];
  readonly needs: readonly PgNeed[];
  readonly comment: string | null;
}

/** A constraint as pg_get_constraintdef() spells it. */
export interface PgConstraint {
  readonly name: string;
  /** pg_constraint.contype: p, u, x, c. */
  readonly type: string;
  readonly definition: string;
  readonly deferrable: boolean;
  readonly columns: readonly string[];
  readonly comment: string | null;
}

export interface PgCheck extends PgConstraint {
  /** False: NOT ENFORCED (PostgreSQL 18). */
  readonly enforced: boolean;
  readonly validated: boolean;
  readonly needs: readonly PgNeed[];
}

export interface PgReference extends TableName {
  readonly name: string;
  readonly columns: readonly string[];
  readonly referencedColumns: readonly string[];
  readonly deferrable: boolean;
  readonly definition: string;
  /** What follows the referenced columns: `ON DELETE CASCADE DEFERRABLE`. */
  readonly options: PgReferenceOptions;
  readonly validated: boolean;
  readonly enforced: boolean;
  /** PERIOD (PostgreSQL 18). */
  readonly temporal: boolean;
  readonly comment: string | null;
}

export interface PgReferenceOptions {
  /** pg_constraint: s simple, f full. */
  readonly match: string;
  /** a no action, r restrict, c cascade, n set null, d set default. */
  readonly onUpdate: string;
  readonly onDelete: string;
  /** Of ON DELETE SET NULL (a, b) and SET DEFAULT (a, b). */
  readonly onDeleteColumns: readonly string[];
  readonly initiallyDeferred: boolean;
}

export interface PgReferrer extends TableName {
  readonly name: string;
  readonly onDelete: string;
  readonly onUpdate: string;
}

export interface PgTrigger {
  readonly name: string;
  readonly definition: string;
  /** When it fires: O origin, D disabled, R replica, A always. */
  readonly enabled: string;
  readonly timing: 'before' | 'after' | 'instead of';
  readonly forEach: 'row' | 'statement';
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
}
