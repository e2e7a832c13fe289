export type {
  JsonDocument,
  MongodbDatabase,
  MongodbDatabaseConfig,
} from './connectors/mongodb/open-mongodb.ts';
export { openMongodb } from './connectors/mongodb/open-mongodb.ts';
export type { Database, DatabaseConfig, QueryOptions } from './connectors/postgres/open-database.ts';
export { openDatabase } from './connectors/postgres/open-database.ts';
export type { RetryOptions } from './engine/retry/with-retry.ts';
export { withRetry } from './engine/retry/with-retry.ts';
export type { AlertName, AlertSeverity } from './protocol/alerts.ts';
export type { ErrorCode } from './protocol/errors/catalogue.ts';
export type { ErrorClass } from './protocol/errors/error-class.ts';
export type { ToldFailure } from './protocol/errors/error-of-failure.ts';
export { errorOfFailure } from './protocol/errors/error-of-failure.ts';
export {
  isLockstepError,
  LockstepError,
  toError,
  toLockstepError,
} from './protocol/errors/lockstep-error.ts';
export type { AppliedEffect, CollectionCounts, EventMap, EventName } from './protocol/events.ts';
export type { Finding } from './protocol/finding.ts';
export { finding } from './protocol/finding.ts';
export type { GenerationCollection, GenerationState } from './protocol/generation.ts';
export type { MapFunction } from './protocol/mapping.ts';
export { schemas } from './protocol/schemas/schemas.ts';
export { SecretText } from './protocol/secret.ts';
export type { PipelineStatus } from './protocol/status.ts';
export type { Json, Row, Value } from './protocol/value.ts';
export type { PreparedStep } from './protocol/writer.ts';
export type { HttpServer } from './server/listening.ts';
export type { OwnAnswer, OwnPathsOptions } from './server/open-own-paths.ts';
export { openOwnPaths } from './server/open-own-paths.ts';
export type {
  CollectionConfig,
  DestinationConfig,
  LockstepConfig,
  PipelineConfig,
  SourceConfig,
} from './service/config/define-config.ts';
export { defineConfig } from './service/config/define-config.ts';
export type { ResolvedReference } from './service/config/resolved-reference.ts';
export type { StoredConnections } from './service/connections/connections.ts';
export type {
  ConnectionList,
  ConnectionTest,
  ListedConnection,
  RemovedConnection,
  SavedConnection,
} from './service/connections/results.ts';
export type { LockstepOptions } from './service/create-lockstep.ts';
export { createLockstep } from './service/create-lockstep.ts';
export { exitOfFailures } from './service/exit-of-failures.ts';
export type {
  AlternativeList,
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
export type { OpenSecrets } from './service/open-secrets.ts';
export { openSecretsOf } from './service/open-secrets.ts';
export type { LiveStatus } from './service/pipeline/live-status.ts';
export type { RequestProgress } from './service/pipeline/requests.ts';
export type {
  DemoOptions,
  DemoResult,
  RecipeCommand,
  RecipeCommandInput,
  RecipeCommandResult,
  RecipeCommands,
  RecipeManifest,
} from './service/recipe.ts';
export type {
  AlertsResult,
  ApproveResult,
  CheckResult,
  CollectionFailure,
  ComesIn,
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
export type { Environment, EnvironmentOptions, Found, Variables } from './service/secrets/environment.ts';
export { openEnvironment } from './service/secrets/environment.ts';
export type { FileReference } from './service/secrets/file-reference.ts';
export { file } from './service/secrets/file-reference.ts';
export type {
  KeyUse,
  SecretsResult,
  SecretsRotation,
  SecretsVerification,
  Unopened,
} from './service/secrets/sealed/results.ts';
export type { StoredReference } from './service/secrets/stored-reference.ts';
export { stored } from './service/secrets/stored-reference.ts';
export type { ReadVariables, VariableRelation } from './service/variables/read-variables.ts';
export { readVariables } from './service/variables/read-variables.ts';
export type { Variable, VariableRule } from './service/variables/variable.ts';
export { variableRules } from './service/variables/variable.ts';
