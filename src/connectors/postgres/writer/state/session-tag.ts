import { createHash } from 'node:crypto';
import type { Fence, PipelineName } from '../../../../protocol/names.ts';

/** PostgreSQL cuts application_name at 63 bytes; this leaves 16 digits to the fence. */
const longestPipeline = 36;

/** How application_name begins while a session of this pipeline has a write transaction open; the fence follows. */
export function sessionTagPrefix(pipeline: PipelineName): string {
  const name =
    pipeline.length <= longestPipeline
      ? pipeline
      : createHash('sha256').update(pipeline).digest('hex').slice(0, 16);
  return `lockstep ${name} #`;
}

/** Lets a newer owner find and end what an older one still has open. */
export const sessionTag = (pipeline: PipelineName, fence: Fence): string =>
  `${sessionTagPrefix(pipeline)}${fence}`;
