import { defineErrors } from './entry.ts';

/** Live pipelines seen from outside: dead letters, requests, the service and its HTTP side. */
export const serviceErrors = defineErrors({
  'pipeline-not-live': {
    class: 'configuration',
    exit: 'configuration',
    message: '{verb} needs a live pipeline, and {pipeline} has `mode: {mode}`',
    cause:
      '`lockstep start` keeps live pipelines running, and runs others by their `schedule`; without one they do their work with `lockstep run`. Only live ones can be paused and asked.',
    cure: 'Set `mode: live` or a `schedule` in the configuration, or use `lockstep run {pipeline}`.',
  },
  'request-failed': {
    class: 'pipeline',
    exit: 'failed',
    message: 'The running engine could not do request {id} ({kind}): {detail}',
    cause: 'The engine that owns the pipeline took the request up and it failed; its log has the details.',
    cure: 'Look up the code {code}, mend what it names, and ask again.',
  },
  'letter-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: '{pipeline} has no dead letter {id}',
    cause: 'The number is wrong, or the letter was resolved since it was listed.',
    cure: '`lockstep dead-letters {pipeline} list` shows those that there are.',
  },
  'letter-key-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The row of this letter was sealed with a key that is not configured (key id {keyId})',
    cause: 'The key was replaced and the former one was taken away, or another key is configured here.',
    cure: 'Add the former key after the newest one in `store.key` or LOCKSTEP_KEYS: the first seals, all open.',
  },
  'letter-damaged': {
    class: 'configuration',
    exit: 'failed',
    message: 'The sealed row of this letter can’t be opened: {detail}',
    cause: 'What is stored is not what was sealed: the control store was damaged or changed by hand.',
    cure: 'The letter’s key and code are still good: `replay` reads the row from the source again.',
  },
  'keys-missing': {
    class: 'configuration',
    exit: 'configuration',
    message: 'There is no key with which anything could be sealed or opened',
    cause:
      'Neither `store.key` of the configuration nor LOCKSTEP_KEYS (or LOCKSTEP_KEYS_FILE) has one. Connections are never stored without.',
    cure: 'Put one into LOCKSTEP_KEYS, or into the file that LOCKSTEP_KEYS_FILE names: `lockstep secrets generate` makes one.',
  },
  'connection-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The control store has no connection {name} (it has: {known})',
    cause: 'The name is misspelt, it was removed, or the control store is another one, or lost.',
    cure: '`lockstep connections list` shows those that there are; `lockstep connections set {name}` stores one.',
  },
  'connection-invalid': {
    class: 'configuration',
    exit: 'configuration',
    message: 'Connection {name} can’t be stored: {detail}',
    cause: 'Its name, or what was given as its URL, is not one. It is not shown, as it may hold a password.',
    cure: 'Give the whole URL on stdin, or from where `--from-env` or `--from-file` says: `postgres://user:password@host:5432/database`.',
  },
  'connection-used': {
    class: 'configuration',
    exit: 'configuration',
    message: 'Connection {name} is used by {pipelines}, and was not removed',
    cause: 'The configuration refers to it, and no engine could start without it.',
    cure: 'Take it out of the configuration first; or `lockstep connections set {name}` puts another URL in its place.',
  },
  'connection-key-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: 'Connection {name} was sealed with a key that is not configured (key id {keyId})',
    cause: 'The key was replaced and the former one was taken away, or another key is configured here.',
    cure: 'Add the former key after the newest one in `store.key` or LOCKSTEP_KEYS: the first seals, all open. If it is lost, `lockstep connections set {name}` seals the URL anew.',
  },
  'connection-damaged': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The sealed URL of connection {name} can’t be opened: {detail}',
    cause:
      'What is stored is not what was sealed under this name: the control store was damaged or changed by hand.',
    cure: '`lockstep connections set {name}` seals the URL anew.',
  },
  'alert-targets-missing': {
    class: 'configuration',
    exit: 'configuration',
    message: 'No target for alerts is configured, so none can be tested',
    cause: 'Alerts without targets show in status, API, metrics and log only.',
    cure: 'Add one to `alerts.targets` in the configuration.',
  },
  'alert-target-unknown': {
    class: 'configuration',
    exit: 'configuration',
    message: 'There is no target {name} for alerts{nearest}',
    cause: 'The name is misspelt, or the configuration is another one.',
    cure: 'Known are: {known}.',
  },
  'listen-failed': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The HTTP server can’t listen on {address}: {detail}',
    cause:
      'Another process listens there, the address is not one of this machine, or the port needs more rights.',
    cure: 'Choose another with `--http [host:]port`, or `--no-http`.',
  },
  'token-needed': {
    class: 'configuration',
    exit: 'configuration',
    message: 'The HTTP server needs a token to listen on {address}',
    cause: 'Addresses other than 127.0.0.1 and ::1 can be reached from other machines.',
    cure: 'Put at least 16 characters into LOCKSTEP_TOKEN, or into a file named by --token-file; LOCKSTEP_READ_TOKEN and --read-token-file are for those who may only read.',
  },
  'http-unauthorized': {
    class: 'configuration',
    exit: 'connection',
    message: 'A valid token is needed',
    cause: 'The request had no `Authorization: Bearer` header, or not with the token of this server.',
    cure: 'Send the token as `Authorization: Bearer …`.',
  },
  'http-read-only': {
    class: 'configuration',
    exit: 'connection',
    message: 'This token may only read',
    cause: 'The request would change something, and came with the token for reading.',
    cure: 'Use the other token: that of LOCKSTEP_TOKEN or --token-file.',
  },
  'http-host-refused': {
    class: 'configuration',
    exit: 'connection',
    message: 'This server answers only requests for its own address',
    cause:
      'It is bound to this machine alone, and the Host header names something else: a page in a browser may be behind it (DNS rebinding).',
    cure: 'Use 127.0.0.1 or localhost in the address, or bind to another address and use a token.',
  },
  'http-origin-refused': {
    class: 'configuration',
    exit: 'connection',
    message: 'A page of another origin can’t ask for this',
    cause: 'A browser sent the request for a page that this server did not serve.',
    cure: 'Ask from the command line, or from a page of this server.',
  },
  'http-not-found': {
    class: 'configuration',
    exit: 'failed',
    message: 'There is nothing at this path',
    cause: 'The path is misspelt, or this version does not have it.',
    cure: '/api/v1/openapi.json lists the paths.',
  },
});
