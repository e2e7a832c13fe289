import { quoteLiteral } from '../../names.ts';

/** Reads a sequence that is used as a register: outside of any snapshot, in a microsecond. Null: never set. */
export const register = (name: string): string =>
  `pg_catalog.pg_sequence_last_value(${quoteLiteral(name)}::pg_catalog.regclass)`;

export const setRegister = (name: string, value: string): string =>
  `pg_catalog.setval(${quoteLiteral(name)}, ${value})`;

/** The server's clock, in seconds since 1970. */
export const clockSeconds = `pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::int8`;
