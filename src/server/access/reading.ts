const reading: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Whether a request of this method changes nothing. */
export const isReading = (method: string): boolean => reading.includes(method);
