import type { Details } from '../../program/log.ts';

/** What `sync_errors.error_type` may be. */
export const errorTypes = [
  'REALTIME_SYNC_CONNECTION_ERROR',
  'SYNC_USER_FAILED',
  'BULK_SYNC_USER_FAILED',
  'BULK_SYNC_FAILED',
  'COMPLETE_SYNC_FAILED',
  'UPSERT_USER_FAILED',
  'DELETE_USER_FAILED',
  'REALTIME_SYNC_START_FAILED',
  'REALTIME_NOTIFICATION_FAILED',
  'SCHEDULED_SYNC_FAILED',
  'VERIFICATION_FAILED',
  'POOL_ERROR',
  'SETUP_FAILED',
  'UNCAUGHT_EXCEPTION',
  'UNHANDLED_REJECTION',
] as const;
export type ErrorType = (typeof errorTypes)[number];

/** What is to be done in `sync_errors`, in order. Holds no values of rows. */
export type Entry =
  | {
      readonly kind: 'failed';
      readonly type: ErrorType;
      readonly userId: string | null;
      readonly message: string;
      readonly stack: string | null;
      readonly data: Details;
      /** By this machine's clock; only its distance from now counts. */
      readonly atMs: number;
      /** It may be known already, and has not happened once more. */
      readonly isReminder?: true;
    }
  /** `userIds` null: whoever's they are. */
  | {
      readonly kind: 'resolved';
      readonly types: readonly ErrorType[];
      readonly userIds: readonly string[] | null;
      /** All but theirs are meant, of what had failed by then by this machine's clock. */
      readonly exceptAtMs?: number;
    };
