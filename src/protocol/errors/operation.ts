import { defineErrors } from './entry.ts';

/** Running pipelines. */
export const operationErrors = defineErrors({
  internal: {
    class: 'pipeline',
    exit: 'failed',
    message: 'Lockstep failed in a way that it should not: {detail}',
    cause: 'A defect of Lockstep, or an answer of a server that we did not foresee.',
    cure: 'Please report it with the log; nothing was lost, and running again is safe.',
  },
  interrupted: {
    class: 'pipeline',
    exit: 'interrupted',
    message: 'Stopped on request: {detail}',
    cause: 'The process got SIGINT or SIGTERM, or the caller aborted.',
    cure: 'Run again: it goes on where it stopped.',
  },
  'not-ready': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The pipeline {pipeline} can’t run; {count} finding(s):\n{findings}',
    cause: 'Before anything is touched, both sides are checked for what would go wrong.',
    cure: 'Do what each finding says; `lockstep check` shows them again.',
  },
  'lease-held': {
    class: 'pipeline',
    exit: 'failed',
    message: 'The pipeline {pipeline} is being run by {owner} (for another {seconds} s unless it renews)',
    cause: 'Another process works on this pipeline.',
    cure: 'Wait for it, or stop it. If it died, its lease runs out by itself.',
  },
  'fence-lost': {
    class: 'pipeline',
    exit: 'failed',
    message: 'Another process took over the pipeline {pipeline}; nothing of this one is written any more',
    cause: 'This process stalled longer than its lease, or somebody started a second engine.',
    cure: 'Nothing: the newer owner goes on. If it repeats, look for a second engine with the same control store.',
  },
  'generation-unfit': {
    class: 'pipeline',
    exit: 'failed',
    message: 'Generation {generation} can’t be used so: {detail}',
    cause:
      'It is not in the state that this needs, or configuration or target have changed since it was staged.',
    cure: '`lockstep generations list` shows what can be promoted, rolled back or discarded; a new run stages a new one.',
  },
  'generation-missing': {
    class: 'pipeline',
    exit: 'failed',
    message: 'There is no {state} generation',
    cause:
      'No run has left one: nothing differed, it was discarded, nothing is kept (`refresh.keep`), or a stream has written since, after which nothing older can be taken back.',
    cure: '`lockstep generations list` shows what there is.',
  },
  'swap-refused': {
    class: 'collection',
    exit: 'configuration',
    message: '{collection} can’t be swapped: {detail}',
    cause:
      'Another table would take its place: what refers to the old one would go on referring to that, and what can’t be made alike would be lost.',
    cure: "Remove what stands in the way, or leave `swap` and `refresh.by: 'swap'` out for this collection: then what differs is written into the table that is there.",
  },
  'generation-disturbed': {
    class: 'transient',
    exit: 'failed',
    message:
      'Generation {generation} is not brought in yet: somebody else wrote to {collection} ({writes} write(s)) while it was copied to be kept',
    cause:
      'A collection is copied before another takes its place, so that it can come back; what is written meanwhile would be missing in the copy.',
    cure: 'Nothing, if it was once: it is tried again. A collection that others write to all the time can’t be swapped: leave `swap` out, or stop them for the moment.',
  },
  'generation-too-large': {
    class: 'collection',
    exit: 'failed',
    message:
      '{collection} differs in more documents than one transaction takes, and it may hold documents of others (`scope`)',
    cause:
      'More than that comes in by a copy that takes the collection’s place, in which what others write meanwhile would be lost. In several transactions readers would see half of it. So it keeps what it has, and the others come in.',
    cure: "Give it `scope: 'all'` if nobody else writes to it, or let the run write as it finds, in many transactions: `refresh.by: 'direct'`.",
  },
  'generations-unsupported': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The destination of {pipeline} has no generations',
    cause: 'Its connector writes a refresh piece by piece, so there is nothing to promote or to take back.',
    cure: 'Use a destination that has them; `lockstep verify --repair` mends what is wrong.',
  },
  'pipeline-paused': {
    class: 'pipeline',
    exit: 'failed',
    message: 'The pipeline {pipeline} is paused: {reason}',
    cause: 'Somebody paused it, or rolled a generation back.',
    cure: 'Run `lockstep resume` once the reason is gone, then run again.',
  },
  'resume-redoes': {
    class: 'pipeline',
    exit: 'failed',
    message:
      'The pipeline {pipeline} is paused because generation {generation} was rolled back; going on would bring it in again: {redoes}',
    cause: 'The source still is as it was when the generation was staged, or newer.',
    cure: 'Mend the source or the configuration first. If it is meant: `lockstep resume {pipeline} --yes`.',
  },
  'generation-blocked': {
    class: 'pipeline',
    exit: 'failed',
    message: 'Generation {generation} was not rolled back, the destination refuses it: {detail}',
    cause:
      'Rows or constraints that came since depend on what the generation brought in: a row of somebody else refers to one that would go, or holds a value that would come back.',
    cure: 'Remove what stands in the way, then roll back again; or run again to keep what the source has.',
  },
  'generation-overtaken': {
    class: 'pipeline',
    exit: 'failed',
    message:
      'Generation {generation} was not rolled back: {rows} row(s) of {collection} were changed since it was promoted',
    cause:
      'Somebody else, or a later run, wrote rows that the generation had written; rolling back would undo that too.',
    cure: 'Roll back with `--keep-changed`: these rows stay as they are now, all others go back.',
  },
  'generation-altered': {
    class: 'pipeline',
    exit: 'failed',
    message:
      'Generation {generation} was not rolled back: {collection} was swapped in, and something about that table was changed since: {detail}',
    cause:
      'Somebody has added, changed or removed an index, a right, a policy, a column or the like. The former table knows nothing of it, and the one that is there now would go.',
    cure: 'Note what is still wanted, undo it, roll back, and do the same to the table that came back. Or roll back with `--keep-changed`: this table stays as it is now, all else goes back.',
  },
  'snapshot-lost': {
    class: 'transient',
    exit: 'failed',
    message: 'The source’s snapshot is gone: {detail}',
    cause: 'The connection that held it was lost, or the server restarted or cancelled it.',
    cure: 'Nothing: another snapshot is opened, and what was finished is compared again in it.',
  },
  'statement-timeout': {
    class: 'transient',
    exit: 'failed',
    message: 'A statement took longer than {address} allows: {detail}',
    cause:
      'statement_timeout or a conflict with recovery ended it; the server is slow or the setting is short.',
    cure: 'Raise statement_timeout for the user, or lower rowsPerPartition.',
  },
  'lock-timeout': {
    class: 'transient',
    exit: 'failed',
    message: 'A lock on {collection} was not to be had: {detail}',
    cause: 'Somebody holds a lock on the target: a migration, a maintenance command, a long transaction.',
    cure: 'Nothing, if it goes away: the work waits and tries again. Else end the session that holds the lock.',
  },
  'transaction-too-large': {
    class: 'transient',
    exit: 'failed',
    message: '{address} could not hold our transaction: {detail}',
    cause:
      'It does not fit into what the server has for transactions at present: its cache is small or busy.',
    cure: 'Nothing: should it not pass, it is written in smaller ones. If it repeats, give the server more cache.',
  },
  'transaction-conflict': {
    class: 'transient',
    exit: 'failed',
    message: '{address} rolled our transaction back because of another one: {detail}',
    cause: 'A deadlock or a serialization failure: somebody else changes the same rows at the same moment.',
    cure: 'Nothing: it is tried again. If it repeats, look for who else writes the target.',
  },
  'disk-full': {
    class: 'transient',
    exit: 'failed',
    message: '{address} has no room left: {detail}',
    cause: 'The disk of the server is full.',
    cure: 'Make room; the work goes on by itself.',
  },
  'spill-failed': {
    class: 'pipeline',
    exit: 'failed',
    message: 'What does not fit into memory can’t be kept at {path}: {detail}',
    cause:
      'What a pass finds and has to hold until its end is kept on this machine’s disk, beside the control store. The disk is full, or the directory can’t be written to.',
    cure: 'Make room or give rights there, or move the configuration’s `.lockstep` (`store.path`) to a larger disk, and run again: it goes on where it stopped. `lockstep start` tries again by itself.',
  },
  'read-only': {
    class: 'transient',
    exit: 'connection',
    message: '{address} takes no writes: {detail}',
    cause: 'It is a standby, or default_transaction_read_only is on; during a fail-over this passes.',
    cure: 'Point the destination at the primary.',
  },
  'retries-exhausted': {
    class: 'pipeline',
    exit: 'connection',
    message: '{what} did not succeed in {attempts} attempts over {seconds} s; last: {detail}',
    cause: 'A fault that usually passes did not.',
    cure: 'Look at the last error. Running again goes on where this stopped.',
  },
  'dead-letters-full': {
    class: 'collection',
    exit: 'failed',
    message: '{collection} has more than {limit} dead letters and stops',
    cause: 'So many rows can’t be applied that something general is wrong.',
    cure: 'Look at them with `lockstep dead-letters list` and mend the cause. Then run again; a live pipeline goes on after `lockstep resync` of the collection.',
  },
  'store-unusable': {
    class: 'pipeline',
    exit: 'failed',
    message: 'The control store {path} can’t be used: {detail}',
    cause:
      'The file or schema is damaged, not ours, or of a newer version; or the file’s disk is full or read-only.',
    cure: 'Give it room and rights, or set it aside: pipelines then compare everything anew and lose nothing.',
  },
  'store-unreachable': {
    class: 'transient',
    exit: 'connection',
    message: 'The control store at {address} does not answer, or takes no writes now: {detail}',
    cause:
      'Its server is not running, restarts, fails over, is full or busy, or the network between is down.',
    cure: 'Nothing, if it passes: pipelines stand by meanwhile and go on by themselves. Else look at that server and at `store.url`.',
  },
  'lease-unrenewed': {
    class: 'pipeline',
    exit: 'connection',
    message: 'The lease of {pipeline} could not be renewed in time, so nothing is written any more: {detail}',
    cause:
      'The control store did not answer for almost as long as a lease lasts; another process may take over from then on.',
    cure: 'Nothing: it stands by, and goes on once the control store answers, unless another process has taken over.',
  },
  'destination-restored': {
    class: 'transient',
    exit: 'failed',
    message: 'The destination does not remember what the control store does: {detail}',
    cause: 'The destination or the control store was restored from an older copy or made anew.',
    cure: 'Nothing where a run or a service begins: everything is compared again. A service that goes on saying so while it runs has to be started anew.',
  },
});
