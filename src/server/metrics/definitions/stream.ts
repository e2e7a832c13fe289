import { defineMetrics } from './definition.ts';

const labels = ['pipeline'] as const;

/** What windows of changes did. */
export const streamMetrics = defineMetrics({
  lockstep_changes_total: {
    type: 'counter',
    labels,
    unit: 'changes',
    help: 'Changes as the source told them.',
    bad: 'A rate of 0 while the source is written to: nothing arrives.',
  },
  lockstep_keys_total: {
    type: 'counter',
    labels,
    unit: 'keys',
    help: 'Keys that were left of the changes of each window after merging.',
    bad: '',
  },
  lockstep_touches_total: {
    type: 'counter',
    labels,
    unit: 'keys',
    help: 'Keys whose rows were read again.',
    bad: 'Nearly as many as changes where the capture is `logical`: rows are read again that the feed could have carried.',
  },
  lockstep_written_total: {
    type: 'counter',
    labels: ['pipeline', 'kind'],
    unit: 'rows',
    help: 'What was done with rows at the destination: inserted, updated, left or unchanged.',
    bad: 'Many `unchanged` for long: work without effect.',
  },
  lockstep_bytes_total: {
    type: 'counter',
    labels,
    unit: 'bytes',
    help: 'About how much memory the changes took.',
    bad: '',
  },
  lockstep_windows_total: {
    type: 'counter',
    labels: ['pipeline', 'torn'],
    unit: 'windows',
    help: 'Windows that became durable; torn="true": a source transaction was written in pieces, or the window by several lanes.',
    bad: 'Any torn one, if readers of the target need source transactions whole.',
  },
  lockstep_window_seconds: {
    type: 'histogram',
    labels,
    unit: 'seconds',
    help: 'From the arrival of the first change of a window until it was durable.',
    bad: 'Growing: the destination is slow, or waits for locks.',
  },
  lockstep_commit_to_durable_seconds: {
    type: 'histogram',
    labels,
    unit: 'seconds',
    help: 'From the commit at the source until it was durable; as true as the clocks of both machines agree.',
    bad: 'Growing while lockstep_window_seconds does not: changes wait at the source or on the way.',
  },
});
