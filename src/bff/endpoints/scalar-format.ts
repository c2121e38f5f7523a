import { isIPv4, isIPv6 } from 'node:net';
import { type GraphQLScalarType, type GraphQLSchema, isScalarType, isSpecifiedScalarType } from 'graphql';
import { literalValue } from '../../shared/literal-value.ts';

/** A `format` of JSON Schema for a custom scalar. */
export type ScalarFormat = keyof typeof FORMATS;

interface Format {
  /** Description of an expected value, for messages. */
  readonly words: string;
  readonly isValid: (text: string) => boolean;
}

const FORMATS = {
  'date-time': { words: 'a date and time with offset, such as 2026-01-31T12:00:00Z', isValid: isDateTime },
  date: { words: 'a date, such as 2026-01-31', isValid: isDate },
  time: { words: 'a time with offset, such as 12:00:00Z', isValid: isTime },
  uuid: { words: 'a UUID, such as 123e4567-e89b-12d3-a456-426614174000', isValid: (text) => UUID.test(text) },
  uri: { words: 'a URL, such as https://shop.example/cart', isValid: isUri },
  email: {
    words: 'an email address, such as ada@shop.example',
    isValid: (text) => text.length <= 320 && EMAIL.test(text),
  },
  ipv4: { words: 'an IPv4 address, such as 192.0.2.1', isValid: isIPv4 },
  ipv6: { words: 'an IPv6 address, such as 2001:db8::1', isValid: (text) => isIPv6(text) && !text.includes('%') },
} as const satisfies Record<string, Format>;

/** Formats by the last word of a name. JSON Schema has no format for times without offset, such as `LocalDateTime`. */
const BY_LAST_WORDS: readonly (readonly [RegExp, ScalarFormat])[] = [
  [/(?:^|_|[a-z0-9])(?:DateTime|Date_?Time|OffsetDateTime)$/, 'date-time'],
  [/(?:^|_|[a-z0-9])Date$/, 'date'],
  [/(?:^|_|[a-z0-9])Time$/, 'time'],
  [/(?:^|_|[a-z0-9])(?:UUID|Uuid|GUID|Guid)$/, 'uuid'],
  [/(?:^|_|[a-z0-9])(?:URL|Url|URI|Uri)$/, 'uri'],
  [/(?:^|_|[a-z0-9])Email(?:Address)?$/, 'email'],
  [/(?:^|_|[a-z0-9])IPv4$/, 'ipv4'],
  [/(?:^|_|[a-z0-9])IPv6$/, 'ipv6'],
];
const WHOLE_NAMES: ReadonlyMap<string, ScalarFormat> = new Map([
  ['datetime', 'date-time'],
  ['date_time', 'date-time'],
  ['date', 'date'],
  ['time', 'time'],
  ['uuid', 'uuid'],
  ['url', 'uri'],
  ['uri', 'uri'],
  ['email', 'email'],
]);
const WITHOUT_OFFSET = /(?:Local|Naive)_?(?:Date)?_?Time$/;

/** Formats by the URL in `@specifiedBy`. */
const BY_SPECIFICATION: readonly (readonly [RegExp, ScalarFormat])[] = [
  [/rfc3339|\bdate-?time(?:\.html)?$/i, 'date-time'],
  [/\b(?:local-?)?date(?:\.html)?$/i, 'date'],
  [/\btime(?:\.html)?$/i, 'time'],
  [/rfc4122|rfc9562|\buuid(?:\.html)?$/i, 'uuid'],
  [/rfc3986|url\.spec\.whatwg\.org|\bur[il](?:\.html)?$/i, 'uri'],
  [/rfc5322|\bemail(?:-?address)?(?:\.html)?$/i, 'email'],
];

/**
 * Returns the format of a custom scalar by its `@specifiedBy` URL, else by its name; `undefined` where it is unknown. With an
 * unknown URL, the name does not count.
 */
export function formatOf({
  name,
  specifiedByURL,
}: Pick<GraphQLScalarType, 'name' | 'specifiedByURL'>): ScalarFormat | undefined {
  if (specifiedByURL) return BY_SPECIFICATION.find(([pattern]) => pattern.test(specifiedByURL))?.[1];
  if (WITHOUT_OFFSET.test(name)) return undefined;
  return WHOLE_NAMES.get(name.toLowerCase()) ?? BY_LAST_WORDS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Describes the expected value of a scalar; returns `undefined` where it has no known format. */
export function describeFormat(scalar: GraphQLScalarType): string | undefined {
  const format = formatOf(scalar);
  return format && FORMATS[format].words;
}

/** Returns whether a value matches the scalar's format. Every value matches where the format is unknown. */
export function hasFormat(scalar: GraphQLScalarType, value: unknown): boolean {
  const format = formatOf(scalar);
  return format === undefined || (typeof value === 'string' && FORMATS[format].isValid(value));
}

/** Changes the scalars of a schema that have a known format, so that they only accept matching strings. */
export function checkFormats(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isScalarType(type) || isSpecifiedScalarType(type)) continue;
    const words = describeFormat(type);
    if (words === undefined) continue;
    type.parseValue = (value) => {
      if (hasFormat(type, value)) return value;
      throw new TypeError(`Expected ${words}.`);
    };
    type.parseLiteral = (node, variables) => type.parseValue(literalValue(node, variables));
  }
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const EMAIL =
  /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-](\d\d):(\d\d))$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** Characters of a URI: RFC 3986, appendix A. */
const URI_TEXT = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})+$/i;

/** @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
function isDateTime(text: string): boolean {
  const [date = '', time = '', ...more] = text.split(/t/i);
  return more.length === 0 && isDate(date) && isTime(time);
}

function isDate(text: string): boolean {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  if (month < 1 || month > 12 || day < 1) return false;
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  return day <= last.getUTCDate();
}

/** Accepts a leap second in every minute: which one is the last of a UTC day depends on the offset. */
function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (match === null) return false;
  const [hour, minute, second, offsetHour, offsetMinute] = match.slice(1).map((part) => Number(part ?? 0));
  return (
    isAtMost(hour, 23) &&
    isAtMost(minute, 59) &&
    isAtMost(second, 60) &&
    isAtMost(offsetHour, 23) &&
    isAtMost(offsetMinute, 59)
  );
}

function isAtMost(value: number | undefined, maximum: number): boolean {
  return value !== undefined && value <= maximum;
}

function isUri(text: string): boolean {
  return SCHEME.test(text) && URI_TEXT.test(text) && URL.canParse(text);
}
