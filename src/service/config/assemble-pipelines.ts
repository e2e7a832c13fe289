import type { z } from 'zod';
import type { Connector } from '../../protocol/connector.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { SecretText } from '../../protocol/secret.ts';
import type { Fault } from './fault.ts';
import type { ConfiguredConnector, ResolvedPipeline } from './resolved-config.ts';
import type { pipelineSchema } from './schema.ts';
import type { Role } from './side-schema.ts';

/** By pipeline: the connectors that its sides name. */
export type NamedConnectors = ReadonlyMap<PipelineName, Readonly<Record<Role, Connector | null>>>;

export interface AssembledPipelines {
  readonly pipelines: ReadonlyMap<PipelineName, ResolvedPipeline>;
  readonly secrets: readonly SecretText[];
  readonly faults: readonly Fault[];
}

type ParsedPipeline = z.output<ReturnType<typeof pipelineSchema>>;

/** Joins each checked part of the configuration with its connector. */
export function assemblePipelines(
  parsed: Readonly<Record<PipelineName, ParsedPipeline>>,
  connectors: NamedConnectors,
): AssembledPipelines {
  const pipelines = new Map<PipelineName, ResolvedPipeline>();
  const secrets: SecretText[] = [];
  const faults: Fault[] = [];
  const configure = (name: PipelineName, role: Role, config: unknown): ConfiguredConnector | null => {
    const connector = connectors.get(name)?.[role];
    if (connector === undefined || connector === null) return null;
    // What can't be read (a malformed escape in a URL) is a fault here and no crash later.
    try {
      secrets.push(...connector.secrets(config));
      return { connector, config, label: connector.label(config) };
    } catch (error) {
      faults.push({ path: ['pipelines', name, role], message: toError(error).message });
      return null;
    }
  };
  for (const [name, { source: from, destination: into, collections, ...settings }] of Object.entries(
    parsed,
  )) {
    const source = configure(name, 'source', from);
    const destination = configure(name, 'destination', into);
    if (source !== null && destination !== null) {
      pipelines.set(name, { name, source, destination, collections, settings });
    }
  }
  return { pipelines, secrets, faults };
}
