import type { ResolvedConfig, ResolvedPipeline } from '../service/config/resolved-config.ts';

/** Whether MongoDB is a side of all pipelines: what passes by then are buffers of megabytes, and few objects. */
export const movesDocuments = ({ pipelines }: Pick<ResolvedConfig, 'pipelines'>): boolean =>
  pipelines.size > 0 && [...pipelines.values()].every(hasDocuments);

const hasDocuments = ({ source, destination }: ResolvedPipeline): boolean =>
  [source, destination].some(({ connector }) => connector.name === 'mongodb');
