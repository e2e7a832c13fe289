import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Environment } from '../secrets/environment.ts';
import { readAlerts } from './alert-targets.ts';
import { assemblePipelines, type NamedConnectors } from './assemble-pipelines.ts';
import { describeIssues } from './describe-issues.ts';
import { type Fault, formatFault, startsWith } from './fault.ts';
import { resolveReferences } from './resolve-references.ts';
import { resolveStore } from './resolve-store.ts';
import type { ResolvedConfig } from './resolved-config.ts';
import { impliedReferences } from './resolved-reference.ts';
import { configurationSchema, pipelineNameSchema, pipelineSchema } from './schema.ts';
import { sideOf } from './side-schema.ts';
import { readStoreKeys } from './store-keys.ts';
import { isPlainObject, valueAt } from './values.ts';

export interface ResolveOptions {
  readonly environment: Environment;
  readonly directory: string;
  readonly file: string | null;
}

/** Checks a configuration as a whole. Throws `config-invalid` with every fault there is; opens and touches nothing. */
export async function resolveConfig(input: unknown, options: ResolveOptions): Promise<ResolvedConfig> {
  const frame = await frameOf(input);
  const references = resolveReferences(input, frame.schema, options.environment);
  const parsed = frame.schema.safeParse(references.value);
  const described = parsed.success
    ? []
    : describeIssues(parsed.error.issues, { schema: frame.schema, input: references.value });
  const missing = references.faults.map((fault) => fault.path);
  const unexplained = described.filter((fault) => !missing.some((path) => startsWith(fault.path, path)));
  const faults = [...frame.faults, ...references.faults, ...unexplained];
  if (!parsed.success || faults.length > 0) throw invalid(faults);
  const assembled = assemblePipelines(parsed.data.pipelines, frame.connectors);
  const writtenKey = valueAt(input, ['store', 'key']);
  const sealing = readStoreKeys(writtenKey, options.environment);
  const alerts = readAlerts(parsed.data.alerts, parsed.data.pipelines);
  const unfit = [...assembled.faults, ...sealing.faults, ...alerts.faults];
  if (unfit.length > 0) throw invalid(unfit);
  return {
    file: options.file,
    directory: options.directory,
    store: { ...resolveStore(parsed.data.store, options.directory), keys: sealing.source },
    alerts: alerts.resolved,
    pipelines: assembled.pipelines,
    secrets: [...references.secrets, ...assembled.secrets, ...sealing.secrets, ...alerts.secrets],
    references: [
      ...references.references,
      ...impliedReferences(options.environment, { hasKey: writtenKey !== undefined }),
    ],
  };
}

interface Frame {
  readonly schema: ReturnType<typeof configurationSchema>;
  readonly connectors: NamedConnectors;
  readonly faults: readonly Fault[];
}

/** The schema that this configuration has to satisfy: it depends on the connectors that its pipelines name. */
async function frameOf(input: unknown): Promise<Frame> {
  const pipelines = valueAt(input, ['pipelines']);
  const named = isPlainObject(pipelines) ? Object.entries(pipelines) : [];
  const frames = await Promise.all(
    named.map(async ([name, pipeline]) => ({ name, ...(await pipelineFrame(pipeline)) })),
  );
  return {
    schema: configurationSchema(Object.fromEntries(frames.map(({ name, schema }) => [name, schema]))),
    connectors: new Map(frames.map(({ name, connectors }) => [name, connectors])),
    faults: isPlainObject(pipelines) ? pipelineNameFaults(named.map(([name]) => name)) : [],
  };
}

async function pipelineFrame(pipeline: unknown) {
  const source = await sideOf(valueAt(pipeline, ['source']), 'source');
  const destination = await sideOf(valueAt(pipeline, ['destination']), 'destination');
  return {
    schema: pipelineSchema({ source: source.schema, destination: destination.schema }),
    connectors: { source: source.connector, destination: destination.connector },
  };
}

function pipelineNameFaults(names: readonly string[]): readonly Fault[] {
  if (names.length === 0) return [{ path: ['pipelines'], message: 'must name at least one pipeline' }];
  return names.flatMap((name) => {
    const parsed = pipelineNameSchema.safeParse(name);
    if (parsed.success) return [];
    return [
      { path: ['pipelines', name], message: parsed.error.issues.map((issue) => issue.message).join('; ') },
    ];
  });
}

const invalid = (faults: readonly Fault[]): LockstepError =>
  new LockstepError('config-invalid', { count: faults.length, faults: faults.map(formatFault).join('\n') });
