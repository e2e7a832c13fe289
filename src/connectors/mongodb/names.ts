/** The columns of every MongoDB collection, as the rest of Lockstep sees it. */
export const idColumn = '_id';
/** MongoDB's own name for the whole document: as it is stored, in BSON. */
export const documentColumn = '$$ROOT';
/** Asks for all fields of a document, each under its own name. */
export const allFields = '*';

/** Where a destination keeps which documents are ours. */
export const ownedCollection = ({ stateCollection }: { readonly stateCollection: string }): string =>
  `${stateCollection}_keys`;

export const dialect = 'mongodb';
