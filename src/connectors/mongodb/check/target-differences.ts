import { BSON, type Document } from 'mongodb';
import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { collectionOf, type MongodbCollection } from '../catalog/describe-collection.ts';

interface Difference {
  readonly text: string;
  /** The target may refuse, or hold for equal, what the source does not. */
  readonly hurts: boolean;
}

/** In what a target is not the collection that its source is; a target of our making gets what it lacks by itself. */
export function targetDifferences(
  plan: CollectionPlan,
  { createdByUs }: { readonly createdByUs: boolean },
): readonly Finding[] {
  const source = collectionOf(plan.sourceShape);
  if (source === null) return [];
  const target = plan.targetShape === null ? null : collectionOf(plan.targetShape);
  const differences =
    target === null
      ? uncapped(source)
      : [...optionDifferences(source, target), ...indexDifferences(source, target)].filter(
          ({ isMended }) => !(createdByUs && isMended),
        );
  if (differences.length === 0) return [];
  const level = differences.some(({ hurts }) => hurts) ? 'warning' : 'info';
  const subject = plan.target;
  const details = {
    collection: plan.target,
    differences: differences.map(({ text }) => text).join('; '),
  };
  return [finding({ level, subject }, 'mongodb-target-differs', details)];
}

type Found = Difference & { /** By us, where we made the target. */ readonly isMended: boolean };

const uncapped = ({ options }: MongodbCollection): readonly Found[] =>
  options['capped'] === true
    ? [{ text: 'the source is capped, the target will not be', hurts: false, isMended: false }]
    : [];

/** Which of them decide what the target takes, or which ids are equal. */
const compared: Readonly<Record<string, { readonly hurts: boolean }>> = {
  collation: { hurts: true },
  clusteredIndex: { hurts: false },
  expireAfterSeconds: { hurts: false },
  changeStreamPreAndPostImages: { hurts: false },
  validator: { hurts: true },
  validationLevel: { hurts: true },
  validationAction: { hurts: true },
};

function optionDifferences(source: MongodbCollection, target: MongodbCollection): readonly Found[] {
  const differing = Object.entries(compared).flatMap(([name, { hurts }]): readonly Found[] => {
    const [there, here] = [source.options[name], target.options[name]];
    if (spell(there) === spell(here)) return [];
    const text =
      here === undefined
        ? `it has no ${name}`
        : there === undefined
          ? `it has ${name}, which the source has not`
          : `${name} is another`;
    return [{ text, hurts: hurts && here !== undefined, isMended: here === undefined }];
  });
  return [...(target.options['capped'] === true ? [] : uncapped(source)), ...differing];
}

function indexDifferences(source: MongodbCollection, target: MongodbCollection): readonly Found[] {
  const here = new Set(target.indexes.map(specification));
  const there = new Set(source.indexes.map(specification));
  const names = new Set(target.indexes.map(({ name }) => String(name)));
  const lacking = source.indexes
    .filter((index) => !here.has(specification(index)))
    .map(({ name }): Found => {
      const isTaken = names.has(String(name));
      const text = isTaken ? `index ${name} is another` : `it has no index ${name}`;
      return { text, hurts: false, isMended: !isTaken };
    });
  const refusing = target.indexes
    .filter((index) => index['unique'] === true && !there.has(specification(index)))
    .map(({ name }): Found => {
      const text = `its index ${name} is unique, and the source has none like it`;
      return { text, hurts: true, isMended: false };
    });
  return [...lacking, ...refusing];
}

/** What an index is, whatever it is called. */
function specification({ name: _name, v: _version, ...index }: Document): string {
  return spell(index);
}

const spell = (value: unknown): string =>
  value === undefined ? '' : BSON.EJSON.stringify(value, { relaxed: true });
