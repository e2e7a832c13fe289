import { fieldName } from './element-scan.ts';

/** What a server's reply has of a cursor (https://www.mongodb.com/docs/manual/reference/command/getMore/). */
export const cursorId = fieldName('id');
export const cursorBatches = [fieldName('firstBatch'), fieldName('nextBatch')] as const;
