import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan, MappedColumn } from '../../../protocol/mapping.ts';
import { nearestHint } from '../../../protocol/nearest-name.ts';
import type { PgColumn, PgTable } from '../catalog/pg-table.ts';
import { enumOf } from '../catalog/pg-type.ts';
import { tableOf } from '../catalog/to-shape.ts';
import { labelSteps } from '../create/create-types.ts';
import { qualified, quoteIdentifier } from '../names.ts';
import type { TargetRequest } from './check-target.ts';
import { refusesRest } from './refuses-rest.ts';
import { typeFits } from './type-fits.ts';

/** Whether each mapped column can be written, and whether every other one can be left out. */
export function columnFindings({ plan, table }: TargetRequest): Finding[] {
  const source = tableOf(plan.sourceShape);
  const mapped = plan.columns.flatMap((column) => mappedFindings({ plan, table, source, column }));
  return [...mapped, ...requiredFindings(plan, table)];
}

interface ColumnRequest {
  readonly plan: CollectionPlan;
  readonly table: PgTable;
  readonly source: PgTable | null;
  readonly column: MappedColumn;
}

function mappedFindings({ plan, table, source, column }: ColumnRequest): Finding[] {
  const collection = plan.target;
  const subject = `${collection}.${column.target}`;
  const target = table.columns.find(({ name }) => name === column.target);
  if (target === undefined) {
    const nearest = nearestHint(
      column.target,
      table.columns.map(({ name }) => name),
    );
    return [
      finding({ level: 'error', subject }, 'column-unknown', { collection, column: column.target, nearest }),
    ];
  }
  const { from } = column;
  const origin = 'column' in from ? source?.columns.find(({ name }) => name === from.column) : undefined;
  const details = { collection, column: target.name };
  const findings: Finding[] = [];
  if (target.generated !== null)
    findings.push(finding({ level: 'warning', subject }, 'postgres-column-computed', details));
  if (target.identity === 'a' && !plan.key.includes(target.name)) {
    const cure = { table: qualified(table), quoted: quoteIdentifier(target.name) };
    findings.push(finding({ level: 'warning', subject }, 'postgres-identity-fixed', { ...details, ...cure }));
  }
  // What a function returns is only known once it runs.
  if (origin === undefined || source === null || plan.map !== null) return findings;
  return [...findings, ...pairFindings({ plan, table, source, origin, target })];
}

interface Pair {
  readonly plan: CollectionPlan;
  readonly table: PgTable;
  readonly source: PgTable;
  readonly origin: PgColumn;
  readonly target: PgColumn;
}

function pairFindings(pair: Pair): Finding[] {
  const { plan, origin, target } = pair;
  const subject = `${plan.target}.${target.name}`;
  const details = { collection: plan.target, column: target.name };
  const findings = [...typeFindings(pair)];
  if (!origin.notNull && target.notNull && target.generated === null) {
    findings.push(finding({ level: 'warning', subject }, 'postgres-null-refused', details));
  }
  if (plan.key.includes(target.name) && sortsOtherwise(origin, target)) {
    const collations = { source: spelled(origin), target: spelled(target) };
    findings.push(
      finding({ level: 'info', subject }, 'postgres-collation-differs', { ...details, ...collations }),
    );
  }
  return findings;
}

function typeFindings({ plan, table, source, origin, target }: Pair): Finding[] {
  const subject = `${plan.target}.${target.name}`;
  const details = { collection: plan.target, column: target.name };
  const [from, to] = [
    { ...origin, userTypes: source.userTypes },
    { ...target, userTypes: table.userTypes },
  ];
  const fit = typeFits(from, to);
  if (fit.fits) return [];
  const [labels, existing] = [enumOf(origin, source), enumOf(target, table)];
  const lacking =
    labels?.labels.filter((label) => existing !== null && !existing.labels.includes(label)) ?? [];
  if (labels !== null && existing !== null && lacking.length > 0) {
    const alter = labelSteps(existing.name, labels.labels, existing.labels).map(
      ({ statement }) => `${statement};`,
    );
    const enumDetails = {
      ...details,
      type: existing.name,
      labels: lacking.join(', '),
      alter: alter.join('\n'),
    };
    return [{ ...finding({ level: 'error', subject }, 'postgres-enum-labels', enumDetails), rowsOnly: true }];
  }
  const types = { sourceType: origin.formatType, targetType: `${target.formatType} (${fit.reason})` };
  const mismatch = finding({ level: 'error', subject }, 'type-mismatch', { ...details, ...types });
  return [refusesRest(from, to) ? { ...mismatch, rowsOnly: true } : mismatch];
}

const sortsOtherwise = (origin: PgColumn, target: PgColumn): boolean =>
  origin.collation !== null && target.collation !== null && spelled(origin) !== spelled(target);

/** Provider, locale and version: what the order depends on, whatever the collation is called. */
function spelled({ collation }: PgColumn): string {
  if (collation === null) return 'none';
  const provider = { c: 'libc', i: 'icu', b: 'builtin' }[collation.provider] ?? collation.provider;
  const version = collation.version === null ? '' : ` ${collation.version}`;
  return `${provider} ${collation.locale ?? ''}${version}`;
}

function requiredFindings(plan: CollectionPlan, table: PgTable): Finding[] {
  const mapped = new Set(plan.columns.map(({ target }) => target));
  return table.columns
    .filter((column) => column.notNull && !mapped.has(column.name) && !fillsItself(column, table))
    .map(({ name }) => {
      const details = { collection: plan.target, column: name };
      return finding({ level: 'error', subject: `${plan.target}.${name}` }, 'column-required', details);
    });
}

/** By its own default or its domain's. */
function fillsItself(column: PgColumn, table: PgTable): boolean {
  if (column.default !== null || column.identity !== null || column.generated !== null) return true;
  const domain = table.userTypes.find(({ name }) => name === column.type.name);
  return domain?.kind === 'domain' && domain.default !== null;
}
