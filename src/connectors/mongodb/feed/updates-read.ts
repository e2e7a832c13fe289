import type { CollectionInfo } from 'mongodb';
import type { FeedCollection } from '../../../protocol/feed.ts';
import { type Finding, finding } from '../../../protocol/finding.ts';
import type { Deployment } from '../session/deployment.ts';
import { expandedFrom } from './stream/stages.ts';
import { tellsDocuments } from './stream/teller.ts';

interface UpdatesRequest {
  readonly collections: readonly FeedCollection[];
  readonly signal: AbortSignal;
}

const mostNamed = 5;
const enable = (name: string): string =>
  `db.runCommand({ collMod: ${JSON.stringify(name)}, changeStreamPreAndPostImages: { enabled: true } })`;

/** Which changes cost a read each at the source, and whether images would spare it. One finding of each kind, however many collections. */
export async function checkUpdates(
  deployment: Deployment,
  { collections, signal }: UpdatesRequest,
): Promise<readonly Finding[]> {
  const withImages = await keepingImages(deployment, { signal });
  const others = collections.filter(({ columns }) => !tellsDocuments(columns)).map(({ source }) => source);
  const ofDocuments = collections.filter(({ columns }) => tellsDocuments(columns));
  const looked = ofDocuments.map(({ source }) => source).filter((source) => !withImages.has(source));
  return [...documentFindings(looked, deployment.facts.wireVersion), ...otherFindings(others, withImages)];
}

function documentFindings(sources: readonly string[], wireVersion: number): readonly Finding[] {
  const [first] = sources;
  if (first === undefined) return [];
  const canKeep = wireVersion >= expandedFrom;
  const what = 'an update';
  const why = canKeep ? 'no post-images are kept' : 'post-images need MongoDB 6.0';
  const spared = canKeep
    ? `To spare the reads: ${enable(first)}, which costs the source a write and the room of two documents for each change.`
    : 'With MongoDB 6.0 and newer post-images spare the reads.';
  return [told(sources, { what, why, spared })];
}

function otherFindings(sources: readonly string[], withImages: ReadonlySet<string>): readonly Finding[] {
  if (sources.length === 0) return [];
  const kept = sources.filter((source) => withImages.has(source));
  const unused = kept.length === 0 ? '' : ` The post-images of ${kept[0]} are not used by this pipeline.`;
  const why = 'only documents that are mapped whole and without a filter come with it';
  const spared = `Post-images would not spare the reads.${unused}`;
  return [told(sources, { what: 'an insert or update', why, spared })];
}

function told(
  sources: readonly string[],
  details: { readonly what: string; readonly why: string; readonly spared: string },
): Finding {
  const names = [...new Set(sources)];
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  const collections = `${names.slice(0, mostNamed).join(', ')}${more}`;
  return finding({ level: 'info', subject: 'source' }, 'mongodb-updates-read', { collections, ...details });
}

/** What keeps documents as they were after each change. Before MongoDB 6.0 nothing could. */
function keepingImages(
  deployment: Deployment,
  { signal }: Pick<UpdatesRequest, 'signal'>,
): Promise<ReadonlySet<string>> {
  return deployment.run({ signal }, async (db) => {
    const found = await db.listCollections<CollectionInfo>({}, { signal }).toArray();
    const keeping = found.filter(
      ({ options }) => options?.['changeStreamPreAndPostImages']?.enabled === true,
    );
    return new Set(keeping.map(({ name }) => name));
  });
}
