import { createHash } from 'node:crypto';
import type { PostgresConfig } from '../../config.ts';

/** PostgreSQL's limit of a name, in bytes. */
const longestName = 63;

export type LogicalCapture = Extract<PostgresConfig['capture'], { readonly kind: 'logical' }>;

/** What we make at the source, and how our session is called there. */
export interface ObjectNames {
  readonly slot: string;
  readonly publication: string;
  readonly applicationName: string;
}

/**
 * Slots take lower case letters, digits and `_` only, and belong to the whole server: a pipeline whose name says more gets a hash of it,
 * so that no two pipelines share a slot.
 */
export function objectNames(pipeline: string, capture: LogicalCapture): ObjectNames {
  const plain = `lockstep_${pipeline}`;
  const name = isSlotName(plain) ? plain : `lockstep_${slug(pipeline)}_${digest(pipeline)}`;
  return {
    slot: capture.slot ?? name,
    publication: capture.publication ?? name,
    applicationName: applicationName(pipeline),
  };
}

const isSlotName = (name: string): boolean => /^[a-z0-9_]+$/.test(name) && name.length <= longestName;

const slug = (pipeline: string): string =>
  pipeline
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 36);

const digest = (pipeline: string): string => createHash('sha256').update(pipeline).digest('hex').slice(0, 12);

/** Tells whose stream it is to whoever wants to take it over. */
function applicationName(pipeline: string): string {
  const name = `lockstep ${pipeline} stream`;
  return Buffer.byteLength(name) <= longestName ? name : `lockstep ${digest(pipeline)} stream`;
}
