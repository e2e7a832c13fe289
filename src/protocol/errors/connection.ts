import { defineErrors } from './entry.ts';

/** Reaching a server, and being allowed in. */
export const connectionErrors = defineErrors({
  'connection-refused': {
    class: 'transient',
    exit: 'connection',
    message: 'No server answers at {address}: {detail}',
    cause:
      'The server is not running or listens elsewhere, the host’s name is not known here, or a firewall is between.',
    cure: 'Check host and port, and that the server accepts connections from here.',
  },
  'connection-lost': {
    class: 'transient',
    exit: 'connection',
    message: 'The connection to {address} was lost: {detail}',
    cause: 'The server restarted, an administrator ended the session, or the network failed.',
    cure: 'Nothing, if it was once: the work is taken up again. If it repeats, look at the server’s log.',
  },
  'connection-stalled': {
    class: 'transient',
    exit: 'connection',
    message: 'Nothing came from {address} for {seconds} s and the server does not answer',
    cause:
      'The connection is half open: the other side is gone without saying so (a dead host, a dropped route, a NAT that forgot).',
    cure: 'Nothing, if it was once. If it repeats, look at what is between the two hosts.',
  },
  'connection-timeout': {
    class: 'transient',
    exit: 'connection',
    message: '{address} did not complete the connection within {seconds} s',
    cause:
      'The host is unreachable or overloaded, or the port belongs to something that is not such a server.',
    cure: 'Check host and port; raise connectTimeoutMs if the way is slow.',
  },
  'authentication-failed': {
    class: 'pipeline',
    exit: 'connection',
    message: '{address} refused the user {user}',
    cause: 'The password is wrong, the user does not exist, or the server does not admit it from here.',
    cure: 'Check user and password, and where the server looks them up: access rules in PostgreSQL’s pg_hba.conf, `authSource` in MongoDB’s url.',
  },
  'database-unknown': {
    class: 'pipeline',
    exit: 'connection',
    message: '{address} has no database {database}',
    cause: 'The name is misspelt, or the database was not created yet.',
    cure: 'Correct the name, or create the database.',
  },
  'wrong-server': {
    class: 'pipeline',
    exit: 'connection',
    message: '{address} is not a {expected} server: {detail}',
    cause: 'Host or port belong to something else.',
    cure: 'Correct host and port.',
  },
  'tls-failed': {
    class: 'pipeline',
    exit: 'connection',
    message: 'No secure connection to {address}: {detail}',
    cause: 'The server has no TLS, or its certificate is not trusted or not made for this host.',
    cure: 'Set `ssl` to what the server offers, or give its authority’s certificate with `ssl.ca`.',
  },
  'server-too-old': {
    class: 'pipeline',
    exit: 'connection',
    message: '{address} runs {version}; at least {minimum} is needed',
    cause: 'Lockstep uses what older versions do not have.',
    cure: 'Upgrade the server.',
  },
  'permission-denied': {
    class: 'collection',
    exit: 'connection',
    message: '{user} lacks a right: {detail}',
    cause: 'The user may not do what the pipeline needs.',
    cure: '{grant}',
  },
  'server-busy': {
    class: 'transient',
    exit: 'connection',
    message: '{address} has no room for another connection or is short of memory: {detail}',
    cause: 'All connection slots are taken, or the server ran out of memory.',
    cure: 'Lower `lanes`, or raise max_connections.',
  },
});
