import type { Representation, RepresentationItem, RepresentationSelection } from '../planner/positions.ts';
import { jsonText, quote } from './json-text.ts';
import { isObject, isOf, type ResponseObject } from './objects.ts';

export interface RepresentationWriter {
  /** Writes an object's representation as JSON text; `undefined` where the object cannot be looked up. */
  readonly write: (object: ResponseObject) => string | undefined;
  /** Where all that is written are plain values of the object: their wire keys, so that equal entities are told without writing. */
  readonly plainKeys: readonly string[] | undefined;
  /** Whether an object has all that `@requires` asks for: null is a value, what a failed fetch did not bring is none. */
  readonly isComplete: (object: ResponseObject) => boolean;
}

type ItemWriter = (object: ResponseObject) => string | undefined;

/**
 * Compiles a representation into a function that writes it. The text is both what is sent and what tells equal
 * entities, so it is written in one order always.
 */
export function compileRepresentation({ typename, fields }: Representation): RepresentationWriter {
  const head = typename === undefined ? undefined : `{"__typename":${quote(typename)}`;
  const writers = fields.map(compileItem);
  const write = (object: ResponseObject): string | undefined => {
    let text = head;
    if (text === undefined) {
      const own = object.__typename;
      if (typeof own !== 'string') return undefined;
      text = `{"__typename":${quote(own)}`;
    }
    for (let i = 0; i < writers.length; i++) {
      const written = (writers[i] as ItemWriter)(object);
      if (written === undefined) return undefined;
      text += written;
    }
    return `${text}}`;
  };
  const plain = typename !== undefined && fields.every((item) => item.kind === 'field' && !item.nested);
  const plainKeys = plain ? fields.map((item) => (item.kind === 'field' ? item.wireKey : '')) : undefined;
  return { write, plainKeys, isComplete: completeness(fields) };
}

function completeness(fields: RepresentationSelection): (object: ResponseObject) => boolean {
  const required = fields.filter((item) => item.kind === 'narrowing' || !item.isKey || item.nested);
  if (required.length === 0) return () => true;
  const checks = required.map((item): ((object: ResponseObject) => boolean) => {
    const below = item.nested ? completeness(item.nested) : undefined;
    if (item.kind === 'narrowing')
      return (object) => !isOf(object, item.possible) || below === undefined || below(object);
    return (object) => {
      const value = object[item.wireKey];
      return value !== undefined && (below === undefined || everyObject(value, below));
    };
  });
  return (object) => checks.every((check) => check(object));
}

/** Whether all objects in a value, through lists of any depth, pass. */
function everyObject(value: unknown, check: (object: ResponseObject) => boolean): boolean {
  if (Array.isArray(value)) return value.every((item) => everyObject(item, check));
  return !isObject(value) || check(value);
}

/** Writes `,"name":value`; nothing where a narrowing does not apply; `undefined` where a key has no value. */
function compileItem(item: RepresentationItem): ItemWriter {
  if (item.kind === 'narrowing') {
    const writers = item.nested.map(compileItem);
    return (object) => {
      if (!isOf(object, item.possible)) return '';
      let text = '';
      for (const write of writers) {
        const written = write(object);
        if (written === undefined) return undefined;
        text += written;
      }
      return text;
    };
  }
  const { wireKey, isKey } = item;
  const prefix = `,${quote(item.name)}:`;
  const nested = item.nested && compileNested(item.nested);
  return (object) => {
    const value = object[wireKey];
    if (value === undefined || value === null) return isKey ? undefined : `${prefix}null`;
    const text = nested ? nested(value) : jsonText(value);
    return text === undefined ? undefined : prefix + text;
  };
}

function compileNested(items: RepresentationSelection): (value: unknown) => string | undefined {
  const writers = items.map(compileItem);
  const write = (value: unknown): string | undefined => {
    if (Array.isArray(value)) {
      const parts: string[] = [];
      for (const one of value) {
        const text = write(one);
        if (text === undefined) return undefined;
        parts.push(text);
      }
      return `[${parts.join()}]`;
    }
    if (!isObject(value)) return 'null';
    let text = '';
    for (const writeItem of writers) {
      const written = writeItem(value);
      if (written === undefined) return undefined;
      text += written;
    }
    return `{${text.slice(1)}}`;
  };
  return write;
}
