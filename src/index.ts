export type { AlertName, AlertSeverity } from './protocol/alerts.ts';
export type { ErrorCode } from './protocol/errors/catalogue.ts';
export type { ErrorClass } from './protocol/errors/error-class.ts';
export { isLockstepError, LockstepError } from './protocol/errors/lockstep-error.ts';
export type { CollectionCounts, EventMap, EventName } from './protocol/events.ts';
export type { Finding } from './protocol/finding.ts';
export type { GenerationCollection, GenerationState } from './protocol/generation.ts';
export type { MapFunction } from './protocol/mapping.ts';
export { SecretText } from './protocol/secret.ts';
export type { PipelineStatus } from './protocol/status.ts';
export type { Row, Value } from './protocol/value.ts';
export type { PreparedStep } from './protocol/writer.ts';
export type {
  DestinationConfig,
  LockstepConfig,
  PipelineConfig,
  SourceConfig,
} from './service/config/define-config.ts';
export { defineConfig } from './service/config/define-config.ts';
export type { ResolvedReference } from './service/config/resolved-reference.ts';
export type { LockstepOptions } from './service/create-lockstep.ts';
export { createLockstep } from './service/create-lockstep.ts';
export type {
  DeadLetterDetail,
  DeadLetterPage,
  DeadLetterSummary,
  DiscardResult,
  PauseResult,
  RequestResult,
  ResumeResult,
  StartedPipeline,
} from './service/live-results.ts';
export type {
  Abortable,
  Asking,
  ChoosingGeneration,
  EventHandler,
  EventSource,
  Lockstep,
  Secrets,
} from './service/lockstep.ts';
export type { LiveStatus } from './service/pipeline/live-status.ts';
export type { RequestProgress } from './service/pipeline/requests.ts';
export type {
  AlertsResult,
  ApproveResult,
  CheckResult,
  CollectionFailure,
  GenerationList,
  GenerationResult,
  GenerationSummary,
  LastRun,
  LetterCount,
  OpenAlert,
  OpenRequest,
  PlannedCollection,
  PlanResult,
  RemoveResult,
  RunEntry,
  RunResult,
  RunsResult,
  ScheduleStatus,
  StatusResult,
  TestedTarget,
  VerifiedCollection,
  VerifyResult,
  WaitingGuard,
} from './service/results.ts';
export type { EnvReference } from './service/secrets/env-reference.ts';
export { env } from './service/secrets/env-reference.ts';
export type {
  KeyUse,
  SecretsResult,
  SecretsRotation,
  SecretsVerification,
  Unopened,
} from './service/secrets/sealed/results.ts';
