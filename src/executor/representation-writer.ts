import type { Representation, RepresentationItem, RepresentationSelection } from '../planner/positions.ts';
import { jsonText, quote } from './json-text.ts';
import { isObject, isOfType, type ResponseObject } from './objects.ts';

/** Writes the representations of a look-up. */
export interface RepresentationWriter {
  /** Writes an object's representation as JSON text; `undefined` where the object cannot be looked up. */
  readonly write: (object: ResponseObject) => string | undefined;
  /**
   * The keys, where only scalar values of the object are written, so that equal entities are recognized without
   * writing; else `undefined`.
   */
  readonly plainKeys: readonly string[] | undefined;
  /**
   * Returns whether an object has everything that `@requires` selects: null counts, a value that could not be fetched
   * does not.
   */
  readonly isComplete: (object: ResponseObject) => boolean;
}

type FieldItem = Extract<RepresentationItem, { kind: 'field' }>;
type ItemWriter = (object: ResponseObject) => string | undefined;

/**
 * Compiles a representation into a function that writes it. The text is sent, and equal texts mean the same entity,
 * so the order of fields never varies.
 */
export function compileRepresentation({ typename, fields: all }: Representation): RepresentationWriter {
  const head = typename === undefined ? undefined : `{"__typename":${quote(typename)}`;
  const fields = withoutTypename(all);
  const writeFields = compileSelection(fields);
  const write = (object: ResponseObject): string | undefined => {
    let text = head;
    if (text === undefined) {
      const own = object.__typename;
      if (typeof own !== 'string') return undefined;
      text = `{"__typename":${quote(own)}`;
    }
    const written = writeFields(object);
    return written === undefined ? undefined : `${text}${written}}`;
  };
  const plain = typename !== undefined && fields.every((item) => item.kind === 'field' && !item.nested);
  const plainKeys = plain ? fields.map((item) => (item.kind === 'field' ? item.subgraphKey : '')) : undefined;
  return { write, plainKeys, isComplete: completeness(fields) };
}

function completeness(fields: RepresentationSelection): (object: ResponseObject) => boolean {
  const required = fields.filter((item) => item.kind === 'typeCondition' || !item.isKey || item.nested);
  if (required.length === 0) return () => true;
  const checks = required.map((item): ((object: ResponseObject) => boolean) => {
    const check = item.nested ? completeness(item.nested) : undefined;
    if (item.kind === 'typeCondition')
      return (object) => !isOfType(object, item.possible) || check === undefined || check(object);
    return (object) => {
      const value = object[item.subgraphKey];
      if (value === undefined) return false;
      return check ? everyObject(value, check, item.lists) : isListed(value, item.lists ?? 0);
    };
  });
  return (object) => checks.every((check) => check(object));
}

/** Returns whether a value has as many list levels as its type; null may be anywhere. */
function isListed(value: unknown, lists: number): boolean {
  if (lists === 0 || value === null) return true;
  return Array.isArray(value) && (lists === 1 || value.every((item) => isListed(item, lists - 1)));
}

/** Returns whether all objects in a value, through its lists, pass a check; any other value except null fails. */
function everyObject(value: unknown, check: (object: ResponseObject) => boolean, lists: number | undefined): boolean {
  if (Array.isArray(value)) return lists !== 0 && value.every((item) => everyObject(item, check, lists && lists - 1));
  return value === null || (isObject(value) && check(value));
}

/** Removes `__typename`: the type of the object itself is written in any case. */
function withoutTypename(items: RepresentationSelection): RepresentationSelection {
  return items.flatMap((item): RepresentationItem[] => {
    if (item.kind === 'typeCondition') return [{ ...item, nested: withoutTypename(item.nested) }];
    return item.name === '__typename' ? [] : [item];
  });
}

/**
 * Compiles a writer of `,"name":value` for each field that an object's type has, each name once; it returns
 * `undefined` where a key has no value.
 */
function compileSelection(items: RepresentationSelection): ItemWriter {
  if (items.every((item) => item.kind === 'field')) return compileFields([...fieldsFor(undefined, items).values()]);
  const types = new Set(items.flatMap(conditionTypes));
  const byType = new Map<unknown, ItemWriter>();
  return (object) => {
    const { __typename: name } = object;
    // types that no type condition includes are written alike
    const type = name === undefined || types.has(name as string) ? (name as string | undefined) : '';
    let write = byType.get(type);
    if (write === undefined) {
      write = compileFields([...fieldsFor(type, items).values()]);
      byType.set(type, write);
    }
    return write(object);
  };
}

function conditionTypes(item: RepresentationItem): string[] {
  return item.kind === 'field' ? [] : [...item.possible, ...item.nested.flatMap(conditionTypes)];
}

/**
 * Returns the fields for objects of a type; all fields where the type is unknown. Fields with the same name are
 * merged.
 */
function fieldsFor(
  type: string | undefined,
  items: RepresentationSelection,
  fields = new Map<string, FieldItem>(),
): Map<string, FieldItem> {
  for (const item of items) {
    if (item.kind === 'typeCondition') {
      if (type === undefined || item.possible.has(type)) fieldsFor(type, item.nested, fields);
      continue;
    }
    const known = fields.get(item.name);
    const nested = known?.nested && item.nested ? [...known.nested, ...item.nested] : (known ?? item).nested;
    fields.set(item.name, known ? { ...known, isKey: known.isKey || item.isKey, nested } : item);
  }
  return fields;
}

function compileFields(fields: readonly FieldItem[]): ItemWriter {
  const writers = fields.map(compileField);
  return (object) => {
    let text = '';
    for (let i = 0; i < writers.length; i++) {
      const written = (writers[i] as ItemWriter)(object);
      if (written === undefined) return undefined;
      text += written;
    }
    return text;
  };
}

function compileField({ name, subgraphKey, isKey, nested: items, lists }: FieldItem): ItemWriter {
  const prefix = `,${quote(name)}:`;
  // without an object, a required field is null, but a key is missing
  const nested = items && compileNested(items, lists, isKey ? undefined : 'null');
  const isListKey = isKey && !nested && lists !== undefined && lists > 0;
  return (object) => {
    const value = object[subgraphKey];
    if (value === undefined || value === null) return isKey ? undefined : `${prefix}null`;
    if (isListKey && !isListed(value, lists)) return undefined;
    const text = nested ? nested(value) : jsonText(value);
    return text === undefined ? undefined : prefix + text;
  };
}

function compileNested(
  items: RepresentationSelection,
  lists: number | undefined,
  nullText: 'null' | undefined,
): (value: unknown) => string | undefined {
  const writeFields = compileSelection(items);
  const write = (value: unknown, depth: number | undefined): string | undefined => {
    if (isObject(value)) {
      const text = writeFields(value);
      return text === undefined ? undefined : `{${text.slice(1)}}`;
    }
    if (!Array.isArray(value) || depth === 0) return nullText;
    const parts: string[] = [];
    for (const one of value) {
      const text = one === null ? 'null' : write(one, depth && depth - 1);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return `[${parts.join()}]`;
  };
  return (value) => write(value, lists);
}
