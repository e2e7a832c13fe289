import type { Document } from 'mongodb';
import { splitDocuments } from '../bson/documents.ts';
import type { Deployment } from '../session/deployment.ts';
import { type DocumentsRequest, documentBatches } from './document-batches.ts';

/** Nothing of a document but its id. */
export const onlyIds: Document = { _id: 1 };

/** Documents as they are stored, in the order of their ids, each by itself, as many at once as a reply of the server has. */
export async function* readDocuments(
  deployment: Deployment,
  request: DocumentsRequest,
): AsyncIterable<readonly Uint8Array[]> {
  for await (const { bytes } of documentBatches(deployment, request)) yield [...splitDocuments(bytes)];
}
