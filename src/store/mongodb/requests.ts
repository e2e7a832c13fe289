import { ObjectId } from 'mongodb';
import type { RequestStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PipelineName } from '../../protocol/names.ts';
import { storeUnusable } from '../store-errors.ts';
import type { FencedWrite, WriteParts } from './fence.ts';
import { toRequest } from './records.ts';
import { integer, text } from './row.ts';

const requestsKept = 1000;

const isOpen = { state: { $in: ['waiting', 'running'] } };
const hasEnded = { state: { $in: ['done', 'failed'] } };

/** States of a request: waiting → running → done or failed. What has ended stays as it is, whoever says something else later. */
export function createRequestStore(parts: WriteParts, write: FencedWrite): RequestStore {
  return { ...createAsking(parts), ...createAnswering(parts, write), ...createPausing(parts) };
}

function createAsking(parts: WriteParts): Pick<RequestStore, 'ask' | 'get' | 'open'> {
  const { database, mustBeThere } = parts;
  const { requests } = database.collections;
  const [takeNumber, forget] = [createTakeNumber(parts), createForget(parts)];
  return {
    ask: async (pipeline, { kind, detail, askedAtMs }) => {
      reach('request.ask.before');
      const asked = { pipeline, kind, detail: JSON.stringify(detail), asked_at_ms: askedAtMs };
      const id = await takeNumber();
      await forget(pipeline);
      // Under an identity of its own: a repeat whose first answer was lost changes nothing.
      const own = { _id: new ObjectId() };
      const fresh = { ...asked, id, state: 'waiting', result: 'null' };
      await database.run(({ session }) =>
        requests.updateOne(own, { $setOnInsert: fresh }, { session, upsert: true }),
      );
      reach('request.ask.after');
      return id;
    },
    get: (pipeline, id) =>
      database.run(async ({ session }) => {
        const row = await requests.findOne({ pipeline, id }, { session });
        return row === null ? null : toRequest(row);
      }),
    open: async (pipeline) => {
      const rows = await database.run(({ session }) =>
        requests.find({ pipeline, ...isOpen }, { session, sort: { id: 1 } }).toArray(),
      );
      if (rows.length === 0) await mustBeThere();
      return rows.map(toRequest);
    },
  };
}

/** One that an attempt took whose answer was lost is never given. */
function createTakeNumber({ database }: WriteParts): () => Promise<number> {
  const { store } = database.collections;
  return async () => {
    const after = await database.run(({ session }) =>
      store.findOneAndUpdate(
        { _id: 'store' },
        { $inc: { requests: 1 } },
        { session, returnDocument: 'after' },
      ),
    );
    if (after !== null) return after.requests;
    throw storeUnusable(database.label, 'its collections were dropped while it was in use');
  };
}

/** What ended long ago is nobody's business any more; what is open is never forgotten. Makes room for one more. */
function createForget({ database }: WriteParts): (pipeline: PipelineName) => Promise<unknown> {
  const { requests } = database.collections;
  return (pipeline) =>
    database.run(async ({ session }) => {
      const beyond = { session, sort: { id: -1 }, skip: requestsKept - 1 } as const;
      const oldest = await requests.findOne({ pipeline }, beyond);
      if (oldest === null) return;
      const forgotten = { pipeline, ...hasEnded, id: { $lte: integer(oldest, 'id') } };
      await requests.deleteMany(forgotten, { session });
    });
}

function createAnswering({ database }: WriteParts, write: FencedWrite): Pick<RequestStore, 'begin' | 'end'> {
  const { requests } = database.collections;
  return {
    begin: async (by, id) => {
      reach('request.begin.before');
      const own = { pipeline: by.pipeline, id, ...isOpen };
      await write(by, (session) => requests.updateOne(own, { $set: { state: 'running' } }, { session }));
      reach('request.begin.after');
    },
    end: async (by, id, { state, result }) => {
      reach('request.end.before');
      const own = { pipeline: by.pipeline, id, ...isOpen };
      const ended = { state, result: JSON.stringify(result) };
      await write(by, (session) => requests.updateOne(own, { $set: ended }, { session }));
      reach('request.end.after');
    },
  };
}

function createPausing({ database, mustBeThere }: WriteParts): Pick<RequestStore, 'setPaused' | 'paused'> {
  const { pauses } = database.collections;
  return {
    setPaused: async (pipeline, wanted) => {
      reach('request.pause.before');
      await mustBeThere();
      const own = { _id: pipeline };
      await database.run<unknown>(({ session }) =>
        wanted === null
          ? pauses.deleteOne(own, { session })
          : pauses.replaceOne(
              own,
              { since_ms: wanted.sinceMs, reason: wanted.reason },
              { session, upsert: true },
            ),
      );
      reach('request.pause.after');
    },
    paused: (pipeline) =>
      database.run(async ({ session }) => {
        const row = await pauses.findOne({ _id: pipeline }, { session });
        return row === null ? null : { sinceMs: integer(row, 'since_ms'), reason: text(row, 'reason') };
      }),
  };
}
