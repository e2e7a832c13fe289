import type { PipelineSettings } from '../../protocol/configuration.ts';
import type { Fault } from './fault.ts';
import type { CollectionsConfig } from './resolved-config.ts';

type Configured = Pick<PipelineSettings, 'mode' | 'comparison'> & { readonly collections: CollectionsConfig };

/** Each collection of an incremental pipeline has a cursor, and no other has one. */
export const cursorFaults = (pipelines: Readonly<Record<string, Configured>>): readonly Fault[] =>
  Object.entries(pipelines).flatMap(([name, pipeline]) => {
    const path = ['pipelines', name];
    const faults = pipeline.mode === 'incremental' ? missingIn(pipeline) : needlessIn(pipeline);
    return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
  });

const missing = 'is missing: mode incremental finds what changed by it, such as `{ column: "updated_at" }`';
const needless = 'is of no use without `mode: "incremental"`';

function missingIn({ collections }: Configured): readonly Fault[] {
  if (isList(collections))
    return [
      {
        path: ['collections'],
        message: 'must be an object with a `cursor` for each name: mode is incremental',
      },
    ];
  return Object.entries(collections)
    .filter(([, config]) => config === true || config.cursor === undefined)
    .map(([name]) => ({ path: ['collections', name, 'cursor'], message: missing }));
}

function needlessIn({ collections, comparison }: Configured): readonly Fault[] {
  const named = isList(collections) ? [] : Object.entries(collections);
  return [
    ...(comparison === undefined ? [] : [{ path: ['comparison'], message: needless }]),
    ...named
      .filter(([, config]) => config !== true && config.cursor !== undefined)
      .map(([name]) => ({ path: ['collections', name, 'cursor'], message: needless })),
  ];
}

const isList = (collections: CollectionsConfig): collections is string[] => Array.isArray(collections);
