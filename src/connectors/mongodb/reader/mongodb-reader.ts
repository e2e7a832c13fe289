import type { DigestAgreement, DigestNegotiator } from '../../../protocol/digest.ts';
import type { Finding } from '../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { Reader, ReaderCapabilities, ReadSnapshot } from '../../../protocol/reader.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type { Row } from '../../../protocol/value.ts';
import { describeCollection } from '../catalog/describe-collection.ts';
import { listCollections } from '../catalog/list-collections.ts';
import { checkSource } from '../check/check-source.ts';
import { encodeField } from '../fields/encode.ts';
import { foreignIdType } from '../fields/foreign-ids.ts';
import { columnKey } from '../fields/id-form.ts';
import { isWhole } from '../fields/selected.ts';
import { readIdentity } from '../identity.ts';
import { keyOfId } from '../key.ts';
import { dialect, idColumn } from '../names.ts';
import type { Deployment } from '../session/deployment.ts';
import { probeDigest, proposeDigest } from './digest.ts';
import { MongodbReads } from './mongodb-reads.ts';
import { logTime } from './not-before.ts';
import { Shown } from './shown.ts';
import { typesOf } from './types-of.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Reads a MongoDB database: as a source, or as a destination that is compared. */
export class MongodbReader implements Reader, DigestNegotiator {
  /** A read shows what a majority of members has; there is no moment that several reads share. */
  readonly capabilities: ReaderCapabilities = {
    formats: ['bson', 'rows'],
    lookup: 'bulk',
    snapshot: false,
    digest: true,
    since: false,
    dialect,
    convertsTo: ['postgres'],
    open: { key: idColumn },
  };
  readonly #deployment: Deployment;
  readonly #owns: boolean;
  readonly #shown: Shown;

  /** A destination's deployment is its writer's, and ends with it. */
  constructor(deployment: Deployment, { role }: { readonly role: 'source' | 'destination' }) {
    this.#deployment = deployment;
    this.#owns = role === 'source';
    this.#shown = new Shown(deployment);
  }

  identity(options: SignalOption): Promise<SourceIdentity> {
    return readIdentity(this.#deployment, options);
  }

  check({ collections, signal }: Parameters<Reader['check']>[0]): Promise<readonly Finding[]> {
    return checkSource(this.#deployment, collections, { signal });
  }

  list(pattern: string, options: SignalOption): Promise<readonly CollectionName[]> {
    return listCollections(this.#deployment, pattern, options);
  }

  describe(collection: CollectionName, options: SignalOption): Promise<Shape | null> {
    return describeCollection(this.#deployment, collection, options);
  }

  typesOf(
    collection: CollectionName,
    selection: Selection,
    options: SignalOption,
  ): Promise<ReadonlyMap<string, string>> {
    return typesOf(this.#deployment, { ...options, collection, selection });
  }

  keyOf(row: Row, { keyColumns: [id = idColumn], selection }: Parameters<Reader['keyOf']>[1]): Key {
    if (isWhole(selection)) return String(row[id]);
    if (foreignIdType(selection) !== null) return columnKey.spell(String(row[id]));
    return keyOfId({ ...encodeField(row[id]), name: idColumn });
  }

  /** Nothing of it is older than now. */
  async snapshot(options: SignalOption): Promise<ReadSnapshot> {
    const after = await logTime(this.#deployment, options);
    return new MongodbReads(this.#deployment, { after, shown: this.#shown });
  }

  latest(): ReadSnapshot {
    return new MongodbReads(this.#deployment, { after: null, shown: this.#shown });
  }

  proposeDigest(columns: readonly { readonly name: string }[]): DigestAgreement | null {
    return proposeDigest(columns);
  }

  probeDigest(agreement: DigestAgreement): Promise<string> {
    return probeDigest(agreement);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#owns) await this.#deployment[Symbol.asyncDispose]();
  }
}
