/** The server's own clock, which all who use the store share, in milliseconds since 1970; read when the expression is reached. */
export const nowMs = '(extract(epoch FROM clock_timestamp()) * 1000)::int8';
