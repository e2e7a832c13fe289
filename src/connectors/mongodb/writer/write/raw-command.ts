import { createRequire } from 'node:module';
import { BSON, type ClientSession, type Document } from 'mongodb';
import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { splitDocuments } from '../../bson/documents.ts';
import { keepingTypes } from '../../bson/id-value.ts';
import type { Deployment } from '../../session/deployment.ts';
import { DocumentSection } from './document-section.ts';

/**
 * Part of an OP_MSG that holds documents as bytes (section kind 1,
 * https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#kind-1--document-sequence). The driver has it for its own bulk
 * writes and does not export it: its exact version is pinned, and a test tells when it moves.
 */
interface Sequence {
  push(document: unknown, bytes: Uint8Array): number;
  /** The section as it is sent. */
  toBin: () => Uint8Array;
}
type SequenceClass = new (field: string) => Sequence;

const isSequenceClass = (found: unknown): found is SequenceClass =>
  typeof found === 'function' &&
  typeof found.prototype?.push === 'function' &&
  typeof found.prototype?.toBin === 'function';

/** Null: this driver keeps it elsewhere; documents are then decoded and encoded again. */
export function findSequenceClass(): SequenceClass | null {
  try {
    const commands: unknown = createRequire(import.meta.url)('mongodb/lib/cmap/commands.js');
    const found = typeof commands === 'object' && commands !== null && 'DocumentSequence' in commands;
    return found && isSequenceClass(commands.DocumentSequence) ? commands.DocumentSequence : null;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'MODULE_NOT_FOUND') return null;
    throw thrown;
  }
}

let sequenceClass: SequenceClass | null | undefined;

/** The documents of a command's field, as bytes where the driver can. */
export function sequenceOf(field: string, documents: readonly Uint8Array[] | DocumentSection): unknown {
  sequenceClass ??= findSequenceClass();
  const isSection = documents instanceof DocumentSection;
  if (sequenceClass === null)
    return decoded(isSection ? [...splitDocuments(documents.documents)] : documents);
  const sequence = new sequenceClass(field);
  if (isSection) sequence.toBin = () => documents.bytes;
  else for (const document of documents) sequence.push(null, document);
  return sequence;
}

/** Keeps all types that are in use; an old symbol or pointer may come out as what replaced it. */
export const decoded = (documents: readonly Uint8Array[]): readonly Document[] =>
  documents.map((document) => BSON.deserialize(document, keepingTypes));

export interface RawCommand {
  readonly command: Document;
  readonly field: 'documents' | 'updates' | 'deletes';
  readonly documents: readonly Uint8Array[] | DocumentSection;
  readonly session: ClientSession;
}

/** What became of the documents of a command. */
export interface RawReply {
  /** How many it found, made or deleted. */
  readonly count: number;
  /** Of an update: how many differ now. */
  readonly modified: number;
  /** Of an update: which of its statements made a document. */
  readonly upserted: readonly number[];
  /** The server refused one, which has ended the transaction; null: none. */
  readonly refused: { readonly index: number; readonly code: number; readonly error: LockstepError } | null;
}

/** In a transaction the commit is what a majority confirms. */
const confirmed = (session: ClientSession): Document =>
  session.inTransaction() ? {} : { writeConcern: { w: 'majority' } };

/** Writes in the session's transaction, or by itself where it has none. */
export async function sendRaw(
  deployment: Deployment,
  { command, field, documents, session }: RawCommand,
): Promise<RawReply> {
  const [[, collection] = []] = Object.entries(command);
  const reply = await deployment.db.command(
    { ...command, [field]: sequenceOf(field, documents), ...confirmed(session) },
    { session },
  );
  const [refusal] = reply['writeErrors'] ?? [];
  return {
    count: Number(reply['n']),
    modified: Number(reply['nModified'] ?? 0),
    upserted: (reply['upserted'] ?? []).map(({ index }: { readonly index: unknown }) => Number(index)),
    refused:
      refusal === undefined
        ? null
        : {
            index: Number(refusal.index),
            code: Number(refusal.code),
            error: deployment.refusal(refusal, String(collection)),
          },
  };
}

/** The same; what is refused is thrown. Returns how many it matched. */
export async function writeRaw(deployment: Deployment, request: RawCommand): Promise<number> {
  const { refused, count } = await sendRaw(deployment, request);
  if (refused !== null) throw refused.error;
  return count;
}
