/** An error whose message is all that the user needs: no stack is shown. */
export function fault(message) {
  return Object.assign(new Error(message), { launcherMessage: message });
}
