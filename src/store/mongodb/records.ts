import { recordsOf } from '../records/records.ts';
import type { StoredDocument } from './names.ts';
import * as row from './row.ts';

export const { toLetter, toGuard, toRequest, toRun, toConnection } = recordsOf<StoredDocument>(row);
