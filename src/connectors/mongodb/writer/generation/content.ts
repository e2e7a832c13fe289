import { wholeCollection } from '../../../../protocol/partition.ts';
import { documentColumn, idColumn } from '../../names.ts';
import { digest, proposeDigest } from '../../reader/digest.ts';
import { logTime } from '../../reader/not-before.ts';
import type { Deployment } from '../../session/deployment.ts';

/** A sum over all documents as they are stored: whether anybody has changed anything. Reads the whole collection. */
export async function contentOf(
  deployment: Deployment,
  collection: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const columns = [idColumn, documentColumn].map((name) => ({ name, from: { column: name }, as: null }));
  const agreement = proposeDigest(columns);
  if (agreement === null) throw new TypeError('whole documents can’t be hashed');
  const result = await digest(deployment, {
    collection,
    partition: wholeCollection(0),
    selection: { columns, filter: null },
    keyColumns: [idColumn],
    groups: 1,
    agreement,
    after: await logTime(deployment, { signal }),
    signal,
  });
  const { rows, hash } = result.get(0) ?? { rows: 0, hash: 0n };
  return `${rows} ${hash}`;
}
