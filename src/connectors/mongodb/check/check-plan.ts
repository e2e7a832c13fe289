import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan, MappedColumn } from '../../../protocol/mapping.ts';
import { idTypes } from '../fields/id-form.ts';
import { lossOf } from '../fields/postgres-types.ts';
import { fieldTypes } from '../fields/types.ts';
import { dialect, documentColumn, idColumn } from '../names.ts';
import { isWholePlan, storedType } from '../writer/form/field-form.ts';

/** What a plan asks for that MongoDB can't do, is not there yet, or loses something. Without I/O. */
export function checkPlan(plan: CollectionPlan): readonly Finding[] {
  const ofKind = isWholePlan(plan) ? wholeFaults(plan) : fieldFaults(plan);
  const faults = [...generalFaults(plan), ...ofKind];
  const { target } = plan;
  return [
    ...faults.map((detail) =>
      finding({ level: 'error', subject: target }, 'mongodb-mapping-refused', { collection: target, detail }),
    ),
    ...losses(plan),
    ...stayingAbsent(plan),
  ];
}

/** Of whole documents a replacement undoes whatever was done. */
function stayingAbsent(plan: CollectionPlan): readonly Finding[] {
  const { leaving, target } = plan;
  if (leaving.kind !== 'custom' || isWholePlan(plan)) return [];
  if (Object.keys(leaving.clear ?? {}).length > 0) return [];
  return [finding({ level: 'warning', subject: target }, 'mongodb-clear-missing', { collection: target })];
}

type Fault = readonly [isFault: boolean, detail: string];

const those = (faults: readonly Fault[]): readonly string[] =>
  faults.filter(([isFault]) => isFault).map(([, detail]) => detail);

const generalFaults = (plan: CollectionPlan): readonly string[] =>
  those([
    [
      plan.key.join() !== idColumn,
      `the key of a document is ${idColumn}; map it from the key of the source, such as \`columns: { ${idColumn}: 'id' }\``,
    ],
  ]);

function wholeFaults(plan: CollectionPlan): readonly string[] {
  const names = plan.columns.map(({ target }) => target);
  return those([
    [plan.sourceShape.dialect !== dialect, `a source of ${plan.sourceShape.dialect} has no whole documents`],
    [plan.map !== null, `\`map\` can’t make \`${documentColumn}\`; name the fields that it returns`],
    [
      names.length !== 2 || !names.includes(idColumn),
      `\`${documentColumn}\` is the whole document, and goes with \`${idColumn}\` alone`,
    ],
  ]);
}

function fieldFaults(plan: CollectionPlan): readonly string[] {
  const faults = plan.columns.flatMap((column) => columnFaults(plan, column));
  const id = plan.columns.find(({ target }) => target === idColumn);
  const idType = id === undefined ? null : storedType(plan, id);
  const isText = plan.sourceShape.dialect !== dialect || idType !== null;
  const types = plan.sourceShape.dialect === dialect ? textIdTypes : idTypes;
  return [
    ...faults,
    ...those([
      [
        isText && !types.includes(idType ?? 'string'),
        `${idColumn} can’t be kept as ${idType}: a key must come back from it; ${types.join(', ')} can (\`as\`)`,
      ],
    ]),
  ];
}

/** What ids of another deployment can be kept as, where they are strings. */
const textIdTypes = ['string', 'uuid', 'objectId'];

function columnFaults(plan: CollectionPlan, { target, type }: MappedColumn): readonly string[] {
  const parts = target.split('.');
  const isNoPath = parts.some((part) => part === '' || part.startsWith('$') || part.includes('\0'));
  const isUnknown = type !== null && !type.startsWith('bson ') && !fieldTypes.includes(type);
  const outer = plan.columns.find((other) => target.startsWith(`${other.target}.`));
  return those([
    [isNoPath, `\`${target}\` is no path of a field`],
    [isUnknown, `\`${target}\`: there is no type ${type}; known are ${fieldTypes.join(', ')}`],
    [outer !== undefined, `\`${target}\` is part of \`${outer?.target}\`, which is written too`],
  ]);
}

function losses(plan: CollectionPlan): readonly Finding[] {
  if (plan.sourceShape.dialect !== 'postgres') return [];
  const types = new Map(plan.sourceShape.columns.map(({ name, type }) => [name, type]));
  return plan.columns.flatMap((column) => {
    const { target, from } = column;
    const type = 'column' in from ? types.get(from.column) : undefined;
    const loss = type === undefined ? null : lossOf(type, storedType(plan, column));
    if (type === undefined || loss === null) return [];
    const details = { collection: plan.target, column: target, type, loss };
    return [finding({ level: 'warning', subject: plan.target }, 'mongodb-value-narrowed', details)];
  });
}
