import { configurationErrors } from './configuration.ts';
import { connectionErrors } from './connection.ts';
import { dataErrors } from './data.ts';
import { incrementalErrors } from './incremental.ts';
import { mongodbErrors } from './mongodb.ts';
import { operationErrors } from './operation.ts';
import { postgresErrors } from './postgres.ts';
import { serviceErrors } from './service.ts';

/** All errors, by code. Codes are kebab case and never change their meaning. */
export const catalogue = {
  ...configurationErrors,
  ...connectionErrors,
  ...dataErrors,
  ...mongodbErrors,
  ...incrementalErrors,
  ...operationErrors,
  ...postgresErrors,
  ...serviceErrors,
} as const;

export type ErrorCode = keyof typeof catalogue;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(catalogue, code);
