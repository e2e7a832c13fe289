import { hash as hashOnce } from 'node:crypto';
import type {
  Digest,
  DigestAgreement,
  DigestQuery,
  DigestResult,
  HashedKey,
  HashPage,
} from '../../../protocol/digest.ts';
import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { Partition } from '../../../protocol/partition.ts';
import { idElement } from '../bson/elements.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { keyOfDocument, keyOfId } from '../key.ts';
import { documentColumn } from '../names.ts';
import type { Deployment } from '../session/deployment.ts';
import { KeyPage } from './key-page.ts';
import { readRange } from './read.ts';

/** MongoDB hashes no document for us, so the bytes come here; nothing is decoded but the id. */
const agreed = { dialect: 'bson-bytes', method: 'sha256' };

/** Null: something else than whole documents is compared. */
export function proposeDigest(columns: readonly { readonly name: string }[]): DigestAgreement | null {
  if (!columns.some(({ name }) => name === documentColumn)) return null;
  const { dialect, method } = agreed;
  return { dialect, groupsCost: false, columns: [{ name: documentColumn, method }] };
}

/** The same code hashes both sides. */
export async function probeDigest({ dialect }: DigestAgreement): Promise<string> {
  return dialect === agreed.dialect ? 'bytes as they are stored' : `mongodb knows no ${dialect}`;
}

interface Extent {
  readonly collection: CollectionName;
  readonly partition: Partition;
  /** At least what was committed by then is shown. */
  readonly after: ClusterTime | null;
}

export async function digest(deployment: Deployment, query: DigestQuery & Extent): Promise<DigestResult> {
  const result = new Map<number, Digest>();
  for await (const documents of readRange(deployment, query)) {
    for (const document of documents) {
      const group = groupOf(keyOfDocument(document), query.groups);
      const { rows, hash } = result.get(group) ?? { rows: 0, hash: 0n };
      result.set(group, { rows: rows + 1, hash: BigInt.asIntN(64, hash + hashOf(document)) });
    }
  }
  return result;
}

export async function* hashes(
  deployment: Deployment,
  query: DigestQuery & Extent & { readonly onlyGroups: ReadonlySet<number> | null },
): AsyncIterable<readonly HashedKey[]> {
  const { groups, onlyGroups } = query;
  for await (const documents of readRange(deployment, query)) {
    const keyed = documents.map((document) => ({ key: keyOfDocument(document), document }));
    const wanted = keyed.filter(({ key }) => onlyGroups?.has(groupOf(key, groups)) ?? true);
    yield wanted.map(({ key, document }) => ({ key, hash: hashOf(document) }));
  }
}

export async function* hashesInOrder(
  deployment: Deployment,
  query: DigestQuery & Extent,
): AsyncIterable<HashPage> {
  for await (const documents of readRange(deployment, query)) {
    yield new KeyPage(
      documents.map((document) => {
        const id = idElement(document);
        return { key: keyOfId(id), id, hash: hashOf(document) };
      }),
    );
  }
}

/** 64 of SHA-256's bits: cheap where the CPU has them in hardware, and no two documents meet by accident. */
const hashOf = (document: Uint8Array): bigint => hashOnce('sha256', document, 'buffer').readBigInt64LE(0);

/** FNV-1a over the key's characters; `groups` is a power of two. */
function groupOf(key: Key, groups: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  // The low bits of this hash mix worst.
  return ((hash ^ (hash >>> 16)) >>> 0) & (groups - 1);
}
