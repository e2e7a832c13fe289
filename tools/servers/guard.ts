import { spawn } from 'node:child_process';

// Blocks until the other end of its input closes, which the system does however our process ends, SIGKILL
// included. Then it ends the server whose pid file is named, and removes its folder. $1 folder, $2 pid file.
const script = `
trap '' INT TERM HUP
cat > /dev/null
rounds=0
while [ -d "$1" ] && [ "$rounds" -lt 50 ]; do
  pid=$(head -n 1 "$2" 2> /dev/null)
  segment=$(sed -n 7p "$2" 2> /dev/null | awk '{ print $2 }')
  if [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null; then
    kill -QUIT "$pid" 2> /dev/null
    waits=0
    # The pid file goes when it has ended; kill -0 alone also finds one that nobody has reaped.
    while [ -e "$2" ] && kill -0 "$pid" 2> /dev/null && [ "$waits" -lt 50 ]; do sleep 0.1; waits=$((waits + 1)); done
    [ -e "$2" ] && kill -KILL "$pid" 2> /dev/null
  elif [ -n "$segment" ]; then
    ipcrm -m "$segment" 2> /dev/null
  fi
  rm -rf "$1" 2> /dev/null
  rounds=$((rounds + 1))
  [ -d "$1" ] && sleep 0.1
done
`;

export interface OrphanGuard extends Disposable {
  readonly pid: number;
}

/** Starts the guard of a server's folder. Disposing it makes it act too: on what is left, which normally is nothing. */
export function guardServer(options: { readonly directory: string; readonly pidFile: string }): OrphanGuard {
  // In a session of its own: Ctrl-C and a kill of our process group don't reach it.
  const guard = spawn('/bin/sh', ['-c', script, 'lockstep-guard', options.directory, options.pidFile], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  guard.stdin.on('error', () => {});
  const input: unknown = guard.stdin;
  if (isUnrefable(input)) input.unref();
  return {
    pid: guard.pid ?? -1,
    [Symbol.dispose]: () => {
      guard.stdin.end();
    },
  };
}

function isUnrefable(stream: unknown): stream is { unref(): void } {
  return (
    typeof stream === 'object' && stream !== null && 'unref' in stream && typeof stream.unref === 'function'
  );
}
