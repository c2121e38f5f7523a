/** An array or object that is being written. */
interface OpenValue {
  readonly value: Readonly<Record<string | number, unknown>>;
  /** The keys of an object; `undefined` for an array. */
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  next: number;
  isEmpty: boolean;
}

/**
 * Writes a value as JSON without recursion: `JSON.stringify` cannot write values that are nested some thousand levels
 * deep, although `JSON.parse` reads them. It takes several times as long.
 * @param textOf returns the text of an object that stands for a scalar, `undefined` for others
 */
export function stringifyDeep(value: unknown, textOf: (value: object) => string | undefined): string | undefined {
  const parts: string[] = [];
  const open: OpenValue[] = [];
  const write = (each: unknown): boolean => {
    const scalar = typeof each === 'object' && each !== null ? textOf(each) : undefined;
    const plain = scalar === undefined ? withoutMethods(each) : undefined;
    if (typeof plain !== 'object' || plain === null) {
      const text = scalar ?? JSON.stringify(plain);
      if (text !== undefined) parts.push(text);
      return text !== undefined;
    }
    const keys = Array.isArray(plain) ? undefined : Object.keys(plain);
    const length = keys?.length ?? (plain as unknown[]).length;
    parts.push(keys ? '{' : '[');
    open.push({ value: plain as OpenValue['value'], keys, length, next: 0, isEmpty: true });
    return true;
  };
  if (!write(value)) return undefined;
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    if (last.next === last.length) {
      parts.push(last.keys ? '}' : ']');
      open.pop();
    } else {
      writeNext(last, parts, write);
    }
  }
  return parts.join('');
}

function writeNext(open: OpenValue, parts: string[], write: (value: unknown) => boolean): void {
  const index = open.next++;
  const key = open.keys?.[index];
  const before = parts.length;
  parts.push(`${open.isEmpty ? '' : ','}${key === undefined ? '' : `${JSON.stringify(key)}:`}`);
  open.isEmpty = false;
  if (write(open.value[key ?? index])) return;
  if (key === undefined) {
    parts.push('null');
  } else {
    // a key without a value is left out
    parts.length = before;
    open.isEmpty = parts[before - 1] === '{';
  }
}

/** Returns what an object's `toJSON` gives, as `JSON.stringify` writes it. */
function withoutMethods(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('toJSON' in value)) return value;
  return typeof value.toJSON === 'function' ? value.toJSON() : value;
}
