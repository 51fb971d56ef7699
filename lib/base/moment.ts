/**
 * Moments as people write them: a date, or one with a time and a zone.
 *
 * @module
 */

const DATE = /^\d{4}-\d\d-\d\d/;
const REST = /^(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Milliseconds since 1970, for a date alone those of its beginning in UTC;
 * undefined for any other text, and for a moment that in UTC lies in no year of four digits.
 */
export function parseMoment(text: string): number | undefined {
  const [date] = text.match(DATE) ?? [];
  if (date === undefined || !REST.test(text.slice(date.length))) {
    return undefined;
  }
  // The runtime takes the 31st of February for the 3rd of March.
  const dayMs = Date.parse(date), ms = Date.parse(text);
  if (Number.isNaN(dayMs) || Number.isNaN(ms)) return undefined;
  if (!new Date(dayMs).toISOString().startsWith(date)) return undefined;
  // As text, with a sign, it would no longer sort as others do.
  return DATE.test(new Date(ms).toISOString()) ? ms : undefined;
}
