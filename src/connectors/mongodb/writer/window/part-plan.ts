import type { Change } from '../../../../protocol/change.ts';
import { isLockstepError, LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { idElement } from '../../bson/elements.ts';
import { sameBytes } from '../../bson/layout.ts';
import { documentColumn } from '../../names.ts';
import { toFieldWrite, weighFields } from '../form/plan-fields.ts';
import { documentOfRow } from '../write/batches.ts';
import {
  deletion,
  givenUpdate,
  insertion,
  literalReplacement,
  needsLiteral,
  upsertion,
} from '../write/statements.ts';
import type { WindowPart } from './window-part.ts';

/** What the target has of the keys of a part. */
export interface PartFacts {
  readonly stored: ReadonlyMap<Key, Uint8Array>;
  /** Within scope; null: all are. */
  readonly within: ReadonlySet<Key> | null;
  /** Within scope and marked as gone. */
  readonly marked: ReadonlySet<Key>;
  /** Documents of others that become ours. */
  readonly adopted: ReadonlySet<Key>;
}

/** One statement of a command, and the place of the change that it is for. */
export interface Statement {
  readonly ordinal: number;
  readonly bytes: Uint8Array;
}

/** What a part comes to: commands in this order, and an outcome per change. */
export interface PartPlan {
  readonly outcomes: readonly Outcome[];
  readonly delete: readonly Statement[];
  /** Updates that set unique values aside, for the time until all have theirs. */
  readonly vacate: readonly Statement[];
  readonly insert: readonly Statement[];
  readonly update: readonly Statement[];
}

/** Whether a document must give its unique values up before others are written; it comes back as a new one then. */
export type GivesUp = (before: Uint8Array, after: Uint8Array) => boolean;

type Kind = Exclude<Outcome['kind'], 'failed'>;

export interface Weighed {
  readonly outcome: Outcome;
  readonly delete?: readonly Uint8Array[];
  readonly vacate?: readonly Uint8Array[];
  readonly insert?: readonly Uint8Array[];
  readonly update?: readonly Uint8Array[];
}

/** Without I/O: what is to be written of the changes of a part, knowing what is there. */
export function planPart(part: WindowPart, facts: PartFacts, givesUp: GivesUp): PartPlan {
  const { model } = part;
  const { fields } = model.form;
  const weighed = part.changes.map((change) => {
    if (change.kind === 'leave') return weighLeave(change.key, part, facts);
    if (fields === null) return weigh(change, part, { facts, givesUp });
    return weighStorable(() => weighFields(toFieldWrite(model, change), { model, fields, facts, givesUp }));
  });
  const statements = (step: Step): readonly Statement[] =>
    weighed.flatMap(({ [step]: all = [] }, ordinal) => all.map((bytes) => ({ ordinal, bytes })));
  return {
    outcomes: weighed.map(({ outcome }) => outcome),
    delete: statements('delete'),
    vacate: statements('vacate'),
    insert: statements('insert'),
    update: statements('update'),
  };
}

/** In the order in which they are sent. */
export const steps = ['delete', 'vacate', 'insert', 'update'] as const;
export type Step = (typeof steps)[number];

export const verbOf = (step: Step): 'delete' | 'insert' | 'update' => (step === 'vacate' ? 'update' : step);

const failed = (error: LockstepError): Weighed => ({ outcome: { kind: 'failed', error } });
const only = (kind: Kind): Weighed => ({ outcome: { kind } });

/** A value that its field can't hold is one change's fault, and says nothing of the others. */
function weighStorable(weighed: () => Weighed): Weighed {
  try {
    return weighed();
  } catch (thrown) {
    if (isLockstepError(thrown, 'value-not-encodable')) return failed(thrown);
    throw thrown;
  }
}

function weighLeave(key: Key, { model }: WindowPart, { stored, within, marked }: PartFacts): Weighed {
  const found = stored.get(key);
  if (model.plan.leaving.kind === 'keep' || found === undefined) return only('unchanged');
  if (within?.has(key) === false) return only('clash');
  if (marked.has(key)) return only('unchanged');
  const id = idElement(found);
  return model.mark === null
    ? { ...only('left'), delete: [deletion(id)] }
    : { ...only('left'), update: [givenUpdate(id, model.mark)] };
}

type Write = Exclude<Change, { readonly kind: 'leave' }>;

interface Weigh {
  readonly facts: PartFacts;
  readonly givesUp: GivesUp;
}

function weigh(change: Write, { model }: WindowPart, { facts, givesUp }: Weigh): Weighed {
  const { key, row, kind } = change;
  const found = facts.stored.get(key);
  if (found !== undefined && facts.within?.has(key) === false) return only('clash');
  if (kind === 'patch') {
    const { collection } = model;
    if (found === undefined || facts.marked.has(key))
      return failed(new LockstepError('row-missing', { collection }));
    if (!Object.hasOwn(row, documentColumn)) return only('unchanged');
  }
  const document = documentOfRow(row);
  if (found === undefined) return { ...only('inserted'), ...write(document, { isNew: true }) };
  if (sameBytes(found, document)) return only('unchanged');
  if (!sameId(found, document) || givesUp(found, document))
    return {
      ...only('updated'),
      delete: [deletion(idElement(found))],
      ...write(document, { isNew: true }),
    };
  return { ...only('updated'), ...write(document, { isNew: false }) };
}

/** The type of an `_id` can't be changed in place. */
function sameId(before: Uint8Array, after: Uint8Array): boolean {
  const [one, other] = [idElement(before), idElement(after)];
  return one.type === other.type && sameBytes(one.value, other.value);
}

/** What a replacement can't say is inserted as far as that goes, and made right then. */
function write(
  document: Uint8Array,
  { isNew }: { readonly isNew: boolean },
): Pick<Weighed, 'insert' | 'update'> {
  if (!needsLiteral(document)) return { update: [upsertion(document)] };
  return isNew ? insertion(document) : { update: [literalReplacement(document)] };
}
