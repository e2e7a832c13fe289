/** Days since 2000-01-01 and the proleptic Gregorian calendar, for years far outside of what Date can hold. */

export interface CivilDate {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days from 0000-03-01 to 2000-01-01. */
const epochDays = 730_425;

/** http://howardhinnant.github.io/date_algorithms.html: years begin in March, eras have 400 years. */
export function daysOf({ year, month, day }: CivilDate): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - epochDays;
}

export function civilOf(days: number): CivilDate {
  const shifted = days + epochDays;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

export const twoDigits: readonly string[] = Array.from({ length: 100 }, (_, number) =>
  String(number).padStart(2, '0'),
);

/** Moments that stand side by side are mostly of few days. By the last bits of the day. */
const kept = 1024;
const keptDays = new Float64Array(kept).fill(Number.NaN);
const keptTexts: string[] = Array.from({ length: kept }, () => '');

/** `2026-01-02`; the era is told by `eraOf`. */
export function dateText(days: number): string {
  const place = days & (kept - 1);
  if (keptDays[place] === days) return keptTexts[place] ?? '';
  const text = spelled(days);
  keptDays[place] = days;
  keptTexts[place] = text;
  return text;
}

function spelled(days: number): string {
  const { year, month, day } = civilOf(days);
  const shown = year > 0 ? year : 1 - year;
  const yearText = shown > 999 ? String(shown) : String(shown).padStart(4, '0');
  return `${yearText}-${twoDigits[month]}-${twoDigits[day]}`;
}

/** PostgreSQL has no year 0 and no negative years: it says BC. */
export const eraOf = (days: number): string => (days < firstDayOfEra ? ' BC' : '');

/** 0001-01-01. */
const firstDayOfEra = daysOf({ year: 1, month: 1, day: 1 });
