import { defineMetrics } from './definition.ts';

const labels = ['pipeline'] as const;

/** What went wrong, and what was done about it. */
export const troubleMetrics = defineMetrics({
  lockstep_retries_total: {
    type: 'counter',
    labels: ['pipeline', 'code'],
    unit: 'attempts',
    help: 'Attempts that failed and were made again.',
    bad: 'A rate that stays: a fault that does not pass; the code names it.',
  },
  lockstep_failures_total: {
    type: 'counter',
    labels: ['pipeline', 'code'],
    unit: 'failures',
    help: 'Failures that were not tried again at once.',
    bad: 'Any: a collection or the pipeline stopped; the code names why.',
  },
  lockstep_consecutive_failures: {
    type: 'gauge',
    labels,
    unit: 'failures',
    help: 'Failures since something succeeded last.',
    bad: 'Above a handful: what fails does not pass by itself.',
  },
  lockstep_disconnected_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'For how long a side has not been reached or has not answered; 0 while both do.',
    bad: 'Above a restart of that server.',
  },
  lockstep_breaker_open: {
    type: 'gauge',
    labels,
    unit: '1 or 0',
    help: '1 while nothing is tried because one side failed again and again.',
    bad: '1 for longer than a restart of that side.',
  },
  lockstep_pace_share: {
    type: 'gauge',
    labels,
    unit: 'share',
    help: 'The share of the time in which we work; below 1 while the destination is busy.',
    bad: 'Below 1 for long: the lag grows on purpose.',
  },
  lockstep_gaps_total: {
    type: 'counter',
    labels,
    unit: 'gaps',
    help: 'Times that history was missing at the source.',
    bad: 'Any: everything is compared and mended; find out why it was lost.',
  },
  lockstep_healed_rows_total: {
    type: 'counter',
    labels,
    unit: 'rows',
    help: 'Rows that healing wrote.',
    bad: 'Any without a gap, a barrier or a request: see lockstep_drifted_rows.',
  },
  lockstep_barriers_total: {
    type: 'counter',
    labels: ['pipeline', 'kind'],
    unit: 'barriers',
    help: 'Truncates, drops, renames and changes of shape; and looks at sources that tell no changes (`compare`).',
    bad: '',
  },
  lockstep_dead_letters_put_total: {
    type: 'counter',
    labels: ['pipeline', 'collection'],
    unit: 'letters',
    help: 'Times that a key was set aside.',
    bad: 'A rate that stays: rows that the target refuses keep coming.',
  },
  lockstep_dead_letters_resolved_total: {
    type: 'counter',
    labels: ['pipeline', 'collection'],
    unit: 'letters',
    help: 'Letters that were resolved.',
    bad: '',
  },
});
