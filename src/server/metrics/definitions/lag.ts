import { defineMetrics } from './definition.ts';

const labels = ['pipeline'] as const;

/** How far behind a pipeline is, and what its source keeps for it. */
export const lagMetrics = defineMetrics({
  lockstep_lag_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'How far the destination is behind the source, by the source’s clock alone; absent when unknown.',
    bad: 'Above what readers of the target can bear, for longer than a burst lasts.',
  },
  lockstep_lag_known: {
    type: 'gauge',
    labels,
    unit: '1 or 0',
    help: '1 when the lag is known.',
    bad: '0: the source does not answer, or the stream has not begun.',
  },
  lockstep_retained_bytes: {
    type: 'gauge',
    labels,
    unit: 'bytes',
    help: 'What the source keeps for us; absent when unknown.',
    bad: 'Growing without end: the disk of the source fills.',
  },
  lockstep_retained_limit_bytes: {
    type: 'gauge',
    labels,
    unit: 'bytes',
    help: 'How much it keeps at most; absent without a limit.',
    bad: 'Absent where the disk of the source is small: nothing ends the growth.',
  },
  lockstep_source_forgets_seconds: {
    type: 'gauge',
    labels,
    unit: 'seconds',
    help: 'Until the source forgets what we still need, if what it keeps goes on growing as in the last ten minutes; absent when it does not grow, there is no limit, or nobody knows.',
    bad: 'Below the time that mending takes: after it everything has to be compared.',
  },
  lockstep_waiting_for: {
    type: 'gauge',
    labels,
    unit: 'transactions',
    help: 'Transactions at the source that hold the stream back.',
    bad: 'Above 0 for long: a forgotten transaction, perhaps a prepared one.',
  },
});
