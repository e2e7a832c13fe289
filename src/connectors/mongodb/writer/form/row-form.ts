import type { Document } from 'mongodb';
import type { Key } from '../../../../protocol/names.ts';
import type { Row } from '../../../../protocol/value.ts';
import { type IdForm, plainIds } from '../../fields/id-form.ts';
import { idColumn } from '../../names.ts';
import { documentOfRow } from '../write/batches.ts';
import type { Fields } from './field-form.ts';

/**
 * What rows are at the target. Either a row is a document, as bytes; or it names some fields of one, and what else the document has is
 * left alone. Then the row is held as a flat document: `_id`, and each value under its path.
 */
export interface RowForm {
  readonly ids: IdForm;
  /** What has to be read of a document that is compared; null: all of it. */
  readonly projection: Document | null;
  /** Null: whole documents. */
  readonly fields: Fields | null;
  /** The key of a row, be it one that can't be stored. */
  keyOf(row: Row): Key;
  /** The document of a row. */
  documentOf(row: Row): Uint8Array;
  /** What is compared of it. */
  comparedOf(document: Uint8Array): Uint8Array;
  /** What that is compared with, of a document as it is stored. */
  comparedOfStored(stored: Uint8Array): Uint8Array;
  /** The document as it is stored where nothing was. */
  storedOf(document: Uint8Array): Uint8Array;
}

const itself = (document: Uint8Array): Uint8Array => document;

export const wholeDocuments: RowForm = {
  ids: plainIds,
  projection: null,
  fields: null,
  keyOf: (row) => String(row[idColumn]),
  documentOf: documentOfRow,
  comparedOf: itself,
  comparedOfStored: itself,
  storedOf: itself,
};
