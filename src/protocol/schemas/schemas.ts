import type { z } from 'zod';
import { partitionSchema } from '../partition.ts';
import { barrierEventSchema, changeSchema, feedChangeSchema, gapSchema, keyMoveSchema } from './change.ts';
import { chunkSchema, formatSchema } from './chunk.ts';
import { digestAgreementSchema, digestSchema, hashedKeySchema } from './digest.ts';
import { feedItemSchema } from './feed.ts';
import { generationRecordSchema } from './generation.ts';
import {
  collectionNameSchema,
  cursorSchema,
  epochSchema,
  fenceSchema,
  keySchema,
  pipelineNameSchema,
  positionSchema,
  shardSchema,
} from './names.ts';
import { outcomeSchema, writeCountsSchema } from './outcome.ts';
import { leavingSchema, mappedColumnSchema, scopeSchema } from './plan.ts';
import {
  checkpointEntrySchema,
  deadLetterSchema,
  guardRecordSchema,
  leaseSchema,
  pipelineRequestSchema,
  runRecordSchema,
  storedConnectionSchema,
} from './records.ts';
import { selectionSchema, shapeSchema, sourceIdentitySchema } from './shape.ts';
import { cursorMarkSchema, cursorSettingsSchema } from './since.ts';
import { findingSchema, lagSchema, pipelineStatusSchema, statusReportSchema } from './told.ts';
import { jsonSchema, rowSchema, valueSchema } from './value.ts';

/**
 * Every word of the protocol that is data, as a schema of what may be said with it: for who writes a connector or a store, and checks
 * what it tells. Nothing of ours is parsed by them on its way, where types are enough and rows are many.
 */
export const schemas = {
  barrier: barrierEventSchema,
  change: changeSchema,
  checkpoint: checkpointEntrySchema,
  chunk: chunkSchema,
  collection: collectionNameSchema,
  cursor: cursorSchema,
  cursorMark: cursorMarkSchema,
  cursorSettings: cursorSettingsSchema,
  deadLetter: deadLetterSchema,
  digest: digestSchema,
  digestAgreement: digestAgreementSchema,
  epoch: epochSchema,
  feedChange: feedChangeSchema,
  feedItem: feedItemSchema,
  fence: fenceSchema,
  finding: findingSchema,
  format: formatSchema,
  gap: gapSchema,
  generation: generationRecordSchema,
  guard: guardRecordSchema,
  hashedKey: hashedKeySchema,
  identity: sourceIdentitySchema,
  json: jsonSchema,
  key: keySchema,
  keyMove: keyMoveSchema,
  lag: lagSchema,
  lease: leaseSchema,
  leaving: leavingSchema,
  mappedColumn: mappedColumnSchema,
  outcome: outcomeSchema,
  partition: partitionSchema,
  pipeline: pipelineNameSchema,
  position: positionSchema,
  request: pipelineRequestSchema,
  row: rowSchema,
  run: runRecordSchema,
  scope: scopeSchema,
  selection: selectionSchema,
  shape: shapeSchema,
  shard: shardSchema,
  status: pipelineStatusSchema,
  statusReport: statusReportSchema,
  storedConnection: storedConnectionSchema,
  value: valueSchema,
  writeCounts: writeCountsSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;
