import { BSON, type Document } from 'mongodb';
import type { CollectionPlan } from '../../../../protocol/mapping.ts';
import type { PreparedStep } from '../../../../protocol/writer.ts';
import { collectionOf, type MongodbCollection } from '../../catalog/describe-collection.ts';
import { isWholePlan } from '../form/field-form.ts';

/** What decides how ids are told apart and stored must be there from the start. */
const fromTheStart = [
  'collation',
  'clusteredIndex',
  'expireAfterSeconds',
  'storageEngine',
  'indexOptionDefaults',
];
/**
 * What a document may be refused for comes once all are there: the source may hold some that are older than its validator. Images of
 * documents before their changes are kept from then on too.
 */
const afterwards = ['validator', 'validationLevel', 'validationAction', 'changeStreamPreAndPostImages'];

/**
 * What the target of a plan is made like. Null: like nothing. Where fields are mapped, the source's indexes and validator speak of fields that
 * the target has under other names, or not at all: a unique index on such a field would take one document and refuse the second.
 */
const originalOf = (plan: CollectionPlan): MongodbCollection | null =>
  isWholePlan(plan) ? collectionOf(plan.sourceShape) : null;

const optionsOf = (plan: CollectionPlan): Document => originalOf(plan)?.options ?? {};

const picked = (options: Document, names: readonly string[]): Document =>
  Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );

/** The command that makes the target of a plan. Not capped, whatever the source is: what was changed there could not be changed here. */
export const creationOf = (plan: CollectionPlan): Document => ({
  create: plan.target,
  ...toCreation(picked(optionsOf(plan), fromTheStart)),
});

/** Options as a listing has them, as `create` takes them: of a clustered index a listing tells the version too. */
export function toCreation(options: Document): Document {
  const { clusteredIndex, ...rest } = options;
  if (clusteredIndex === undefined) return rest;
  const { key, unique, name } = clusteredIndex;
  return { ...rest, clusteredIndex: { key, unique, ...(name === undefined ? {} : { name }) } };
}

/** What is set once the documents are there and the target has not yet; null: nothing. */
export function modificationOf(plan: CollectionPlan, there: Document): Document | null {
  const wanted = afterwards.filter((name) => there[name] === undefined);
  const modification = picked(optionsOf(plan), wanted);
  return Object.keys(modification).length === 0 ? null : { collMod: plan.target, ...modification };
}

export const indexesOf = (plan: CollectionPlan): readonly Document[] => originalOf(plan)?.indexes ?? [];

/** Else it would wait until every member has built it too, for good while one is down. */
const commitQuorum = 'majority';

export const indexCreation = (plan: CollectionPlan, indexes: readonly Document[]): Document => ({
  createIndexes: plan.target,
  commitQuorum,
  indexes: optionsOf(plan)['collation'] === undefined ? indexes : indexes.map(withCollation),
});

/** Those of a collection, for another one that is made alike. */
export const indexesAlike = (name: string, { options, indexes }: MongodbCollection): Document => ({
  createIndexes: name,
  commitQuorum,
  indexes: options['collation'] === undefined ? indexes : indexes.map(withCollation),
});

/** Listed without one, an index has none; created without one, it gets that of its collection. */
const withCollation = (index: Document): Document => ({ collation: { locale: 'simple' }, ...index });

/** A command as somebody would type it. */
export const toStep = (what: string, command: Document): PreparedStep => ({
  what,
  statement: `db.runCommand(${BSON.EJSON.stringify(command, { relaxed: true })})`,
});

/** Everything that making the target of a plan comes to. */
export function creationSteps(plan: CollectionPlan): readonly PreparedStep[] {
  const indexes = indexesOf(plan);
  const modification = modificationOf(plan, {});
  return [
    toStep(`Create collection ${plan.target}`, creationOf(plan)),
    ...(indexes.length === 0
      ? []
      : [toStep(`Build the indexes of ${plan.target}`, indexCreation(plan, indexes))]),
    ...(modification === null ? [] : [toStep(`Set the options of ${plan.target}`, modification)]),
  ];
}
