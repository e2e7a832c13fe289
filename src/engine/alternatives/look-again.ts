import { confirm } from '../walk/confirm.ts';
import type { Member } from '../walk/member.ts';
import { retrying } from '../walk/retrying.ts';

/**
 * Rows that got another value than their own while one that was to leave held it: once others have left, those that would be written otherwise
 * now wait with what others blocked.
 */
export async function lookAgain({ plan, work, beaten, leaving, deferred }: Member): Promise<void> {
  if (beaten.count === 0 || leaving.count === 0) return;
  const { context } = work;
  const { signal } = context;
  for await (const page of beaten.pages()) {
    const { missing, different, giving } = await retrying(
      context,
      { what: `read ${plan.name}`, signal },
      () => confirm(work, [...new Set(page)], signal),
    );
    await deferred.add([...missing, ...different, ...giving].map(({ key }) => key));
  }
}
