export const logLevels = ['DEBUG', 'INFO', 'SUCCESS', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

export type Details = Readonly<Record<string, unknown>>;
export type Log = (level: LogLevel, message: string, details?: Details) => void;

/** One JSON object a line: `{"timestamp":"…","level":"INFO","message":"…", …}`. */
export function openLog(write: (line: string) => void, least: LogLevel): Log {
  const from = logLevels.indexOf(least);
  return (level, message, details = {}) => {
    if (logLevels.indexOf(level) < from) return;
    write(JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...details }));
  };
}
