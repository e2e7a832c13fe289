import { defineMetrics } from './definition.ts';

const labels = ['pipeline'] as const;

/** How pipelines are: what the control store knows, which is absent while it can't be read, and their connections. */
export const statusMetrics = defineMetrics({
  lockstep_status: {
    type: 'gauge',
    labels: ['pipeline', 'status'],
    unit: '1',
    help: '1 for the status that the pipeline has; no other status has a sample.',
    bad: '`failed`; `degraded` or `paused` for long.',
  },
  lockstep_dead_letters: {
    type: 'gauge',
    labels: ['pipeline', 'collection', 'state'],
    unit: 'keys',
    help: 'Keys that are set aside: parked, or deferred as another key may still cure them.',
    bad: 'Any parked one: its newest row is not at the destination.',
  },
  lockstep_held_rows: {
    type: 'gauge',
    labels: ['pipeline', 'collection'],
    unit: 'rows',
    help: 'Rows that would leave and wait for approval.',
    bad: 'Any: somebody has to decide.',
  },
  lockstep_guard_waiting_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'For how long the oldest guard has waited for a decision; absent when none waits.',
    bad: 'Any; the longer, the more the target keeps that the source has not.',
  },
  lockstep_requests: {
    type: 'gauge',
    labels: ['pipeline', 'state'],
    unit: 'requests',
    help: 'Requests that have not ended.',
    bad: '`waiting` ones for long: no engine runs the pipeline.',
  },
  lockstep_scheduled_failures_in_a_row: {
    type: 'gauge',
    labels,
    unit: 'runs',
    help: 'Scheduled runs that failed since one did not, of the newest fifty; absent without a schedule, and for live pipelines.',
    bad: 'More than one: it does not mend itself.',
  },
  lockstep_next_run_timestamp_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds since 1970',
    help: 'When the next run is due; absent when none is.',
    bad: 'In the past for long: nobody runs it.',
  },
  lockstep_schedule_interval_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'The shortest time between two scheduled runs; absent without a schedule.',
    bad: '',
  },
  lockstep_comparison_interval_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'The longest time between two scheduled comparisons of both sides as a whole; absent when none is scheduled.',
    bad: '',
  },
  lockstep_scheduled_run_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'How long the run that is under way has taken so far, else how long the last one took; absent without a schedule or before the first.',
    bad: 'Above 80 % of lockstep_schedule_interval_seconds: runs are about to take longer than the time between them.',
  },
  lockstep_proven_equal_timestamp_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds since 1970',
    help: 'When both sides were last compared as a whole, and what differed was mended; absent before the first time.',
    bad: 'Longer ago than twice lockstep_comparison_interval_seconds.',
  },
  lockstep_drifted_rows: {
    type: 'gauge',
    labels,
    unit: 'rows',
    help: 'Rows that the last scheduled comparison found different and that nothing explained; they were mended. At least so many.',
    bad: 'Any: somebody else writes the target, or something was lost.',
  },
  lockstep_connections: {
    type: 'gauge',
    labels: ['pipeline', 'side'],
    unit: 'connections',
    help: 'Connections of ours that are open to a side; PostgreSQL only. Absent until it was connected once.',
    bad: 'Growing for hours.',
  },
  lockstep_connections_in_use: {
    type: 'gauge',
    labels: ['pipeline', 'side'],
    unit: 'connections',
    help: 'The most of them that worked at one time within the last second.',
    bad: '',
  },
  lockstep_control_store_readable: {
    type: 'gauge',
    labels: [],
    unit: '1 or 0',
    help: '0 when the control store could not be read: then what it knows has no samples.',
    bad: '0: nothing can be saved either, and pipelines stop.',
  },
});
