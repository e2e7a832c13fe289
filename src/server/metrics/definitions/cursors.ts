import { defineMetrics } from './definition.ts';

/** Of incremental pipelines. */
export const cursorMetrics = defineMetrics({
  lockstep_cursor_saved_timestamp_seconds: {
    type: 'gauge',
    labels: ['pipeline', 'collection'],
    unit: 'seconds since 1970',
    help: 'When a run last brought in what changed in the collection; absent before the first.',
    bad: 'Longer ago than two intervals of the schedule.',
  },
  lockstep_cursor_held_back: {
    type: 'gauge',
    labels: ['pipeline', 'collection'],
    unit: '1 or 0',
    help: '1 while a transaction that is open at the source keeps the cursor from moving on; status names it.',
    bad: '1 for long: each run reads again all that changed since.',
  },
});
