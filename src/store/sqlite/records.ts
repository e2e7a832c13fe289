import { recordsOf } from '../records/records.ts';
import * as row from './row.ts';

export const { toLetter, toGuard, toRequest, toRun, toConnection } = recordsOf<row.StoredRow>(row);
