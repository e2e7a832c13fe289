import { configurationErrors } from '../../src/protocol/errors/configuration.ts';
import { connectionErrors } from '../../src/protocol/errors/connection.ts';
import { dataErrors } from '../../src/protocol/errors/data.ts';
import { incrementalErrors } from '../../src/protocol/errors/incremental.ts';
import { mongodbErrors } from '../../src/protocol/errors/mongodb.ts';
import { operationErrors } from '../../src/protocol/errors/operation.ts';
import { postgresErrors } from '../../src/protocol/errors/postgres.ts';
import { serviceErrors } from '../../src/protocol/errors/service.ts';
import type { ErrorFamily } from './errors-page.ts';

/** In the order in which somebody meets them. A test checks that no code of the catalogue is missing. */
export const families: readonly ErrorFamily[] = [
  { title: 'Configuration', entries: configurationErrors },
  { title: 'Cursors', entries: incrementalErrors },
  { title: 'Connection and permission', entries: connectionErrors },
  { title: 'Rows and changes', entries: dataErrors },
  { title: 'Running', entries: operationErrors },
  { title: 'Service', entries: serviceErrors },
  { title: 'PostgreSQL', entries: postgresErrors },
  { title: 'MongoDB', entries: mongodbErrors },
];
