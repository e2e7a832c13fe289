import { recordsOf } from '../records/records.ts';
import * as row from './row.ts';

export const { toLetter, toGuard, toRequest, toRun, toConnection, toLease } = recordsOf<row.StoredRow>(row);
