import { holding } from '../conformance/writer/writer-under-test.ts';
import { countingChanges, openCollection, windowOver } from './windows.ts';

/** Run by `writer-kill.mongo.test.ts` as a process that can be killed: the first owner, with ten windows. */
const [url = ''] = process.argv.slice(2);
await using open = await openCollection({ url });
const { writer, target } = open;
for (let n = 1; n <= 10; n += 1)
  await writer.applyWindow(windowOver(target, countingChanges(n), `p${n}`), holding(1));
