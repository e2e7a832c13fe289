import { BSON } from 'mongodb';

/** As many digits as Decimal128 has: no decimal equals a double that needs more. */
const decimalDigits = 34;

/** A number by its value, the same text for all types that can hold it; null: not a number. */
export function numberText(value: unknown): string | null {
  if (value instanceof BSON.Int32) return integerText(BigInt(value.value));
  // A Timestamp is a Long to the driver.
  if (value instanceof BSON.Timestamp) return null;
  if (value instanceof BSON.Long) return integerText(value.toBigInt());
  if (value instanceof BSON.Double) return doubleText(value.value);
  if (value instanceof BSON.Decimal128) return decimalText(value.toString());
  return null;
}

function doubleText(value: number): string {
  if (!Number.isFinite(value)) return `{"$numberDouble":"${value}"}`;
  if (Number.isInteger(value)) return exactText(BigInt(value), 0) ?? `{"$numberDouble":"${value}"}`;
  // value = mantissa / 2^scale, which is mantissa × 5^scale / 10^scale.
  let mantissa = value;
  let scale = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    scale += 1;
  }
  return exactText(BigInt(mantissa) * 5n ** BigInt(scale), -scale) ?? `{"$numberDouble":"${value}"}`;
}

function decimalText(text: string): string {
  const special = { NaN: 'NaN', Infinity: 'Infinity', '-Infinity': '-Infinity' }[text];
  if (special !== undefined) return `{"$numberDouble":"${special}"}`;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]?\d+))?$/.exec(text) ?? [];
  const digits = BigInt(`${whole}${fraction}`);
  const power = Number(exponent) - fraction.length;
  return exactText(sign === '-' ? -digits : digits, power) ?? `{"$numberDecimal":"${text}"}`;
}

/** digits × 10^power; null: more digits than a decimal has. */
function exactText(digits: bigint, power: number): string | null {
  if (digits === 0n) return integerText(0n);
  let [rest, exponent] = [digits, power];
  while (rest % 10n === 0n) {
    rest /= 10n;
    exponent += 1;
  }
  if (exponent >= 0 && exponent < 20) {
    const whole = rest * 10n ** BigInt(exponent);
    if (BigInt.asIntN(64, whole) === whole) return integerText(whole);
  }
  if (String(rest).replace('-', '').length > decimalDigits) return null;
  return `{"$numberDecimal":"${rest}E${exponent}"}`;
}

const integerText = (value: bigint): string =>
  BigInt.asIntN(32, value) === value ? `{"$numberInt":"${value}"}` : `{"$numberLong":"${value}"}`;
