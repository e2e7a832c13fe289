import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { pipelineNameSchema } from '../../protocol/schemas/names.ts';
import type { Environment } from '../secrets/environment.ts';
import { readAlerts } from './alert-targets.ts';
import { assemblePipelines, type NamedConnectors } from './assemble-pipelines.ts';
import { cursorFaults } from './cursor-faults.ts';
import { describeIssues } from './describe-issues.ts';
import { type Fault, formatFault, startsWith } from './fault.ts';
import type { LookedUp } from './look-up.ts';
import { readConnections, unreadConnection } from './read-connections.ts';
import { misplaced, resolveReferences } from './resolve-references.ts';
import { resolveStore, secretsOfStore } from './resolve-store.ts';
import type { ResolvedConfig } from './resolved-config.ts';
import { impliedReferences } from './resolved-reference.ts';
import { configurationSchema, pipelineSchema } from './schema.ts';
import type { Path } from './schema-tree.ts';
import { sideOf } from './side-schema.ts';
import { readStoreKeys } from './store-keys.ts';
import { isUrlOfSide, type StoredPlace, storedPlaces, usesOf } from './stored-places.ts';
import { isPlainObject, valueAt } from './values.ts';

export interface ResolveOptions {
  readonly environment: Environment;
  readonly directory: string;
  readonly file: string | null;
  /** Default: `read`, which opens the control store if there are any. `unread`: for whoever opens no pipeline; something stands in for them. */
  readonly connections?: 'read' | 'unread' | undefined;
}

/** Checks a configuration as a whole. Throws `config-invalid` with every fault there is; opens and touches nothing. */
export async function resolveConfig(input: unknown, options: ResolveOptions): Promise<ResolvedConfig> {
  const frame = await frameOf(input);
  const places = storedPlaces(input).filter(({ path }) => isUrlOfSide(path));
  const stored = options.connections === 'unread' ? unread(input) : await readStored(input, places, options);
  const references = resolveReferences(input, frame.schema, { environment: options.environment, stored });
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
  const unfit = [
    ...assembled.faults,
    ...cursorFaults(parsed.data.pipelines),
    ...sealing.faults,
    ...alerts.faults,
  ];
  if (unfit.length > 0) throw invalid(unfit);
  const store = resolveStore(parsed.data.store, options.directory);
  return {
    file: options.file,
    directory: options.directory,
    store: { ...store, keys: sealing.source },
    alerts: alerts.resolved,
    pipelines: assembled.pipelines,
    connectionUses: usesOf(places),
    secrets: [
      ...references.secrets,
      ...assembled.secrets,
      ...secretsOfStore(store),
      ...sealing.secrets,
      ...alerts.secrets,
    ],
    references: [
      ...references.references,
      ...impliedReferences(options.environment, { hasKey: writtenKey !== undefined }),
    ],
  };
}

type Stored = (name: string, path: Path) => LookedUp;

async function readStored(
  input: unknown,
  places: readonly StoredPlace[],
  options: ResolveOptions,
): Promise<Stored> {
  const read = await readConnections(input, { ...options, names: places.map(({ name }) => name) });
  return (name, path) => (isUrlOfSide(path) ? read(name) : misplaced);
}

const unread =
  (input: unknown): Stored =>
  (_, path) =>
    isUrlOfSide(path)
      ? { text: unreadConnection(valueAt(input, [...path.slice(0, -1), 'connector'])), at: null }
      : misplaced;

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
