import type { ResolvedConfig, ResolvedPipeline } from '../service/config/resolved-config.ts';

/** Whether MongoDB is a side of any pipeline: what passes by then are buffers of megabytes, and few objects. */
export const movesDocuments = ({ pipelines }: Pick<ResolvedConfig, 'pipelines'>): boolean =>
  [...pipelines.values()].some(hasDocuments);

const hasDocuments = ({ source, destination }: ResolvedPipeline): boolean =>
  [source, destination].some(({ connector }) => connector.name === 'mongodb');
