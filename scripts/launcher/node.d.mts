export function isNewEnough(version: string): boolean;
export function privateNode(): Promise<string>;
export function continueUnder(binary: string, argv: readonly string[]): Promise<void>;
