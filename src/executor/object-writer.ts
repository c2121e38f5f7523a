import { generate } from './generate.ts';
import { isEscapeFree, quoteValue } from './json-text.ts';
import type { ResponseObject } from './objects.ts';
import type { WriteContext } from './write-context.ts';

/** Writes a value as JSON text; `undefined` where null propagates to the parent. */
export type ValueWriter = (value: unknown, context: WriteContext) => string | undefined;

/** Writes an object as JSON text; `undefined` where null propagates to the parent. */
export type ObjectWriter = (object: ResponseObject, context: WriteContext) => string | undefined;

/** Writes one field of an object. */
export interface FieldWriter {
  readonly responseKey: string;
  /** `"name":`, quoted once. */
  readonly prefix: string;
  readonly subgraphKey: string;
  /** Whether a string here is written unchanged: the type is a `String`, an `ID`, or a custom scalar. */
  readonly isText: boolean;
  readonly write: ValueWriter;
  /** Writes the field of an object that lacks it; `write` does where this is missing. */
  readonly absent?: ObjectWriter | undefined;
}

/**
 * Compiles a function that writes an object field by field; it returns `undefined` where a non-null field is missing.
 *
 * In:  fields `id: ID!` and `name: String`
 * Out: a function that returns `{"id":"1","name":"Ann"}` for `{ name: 'Ann', id: '1', reviews: [] }`
 */
export function compileObjectWriter(fields: readonly FieldWriter[]): ObjectWriter {
  let write: ObjectWriter | undefined;
  let written = 0;
  return (object, context) => {
    if (write) return write(object, context);
    written += 1;
    // compiling costs as much as writing some hundred objects without it: a query that runs once should not pay for it
    if (written > WRITTEN_BEFORE_GENERATING)
      write = generated(fields) ?? ((each, within) => writeEach(each, fields, within));
    return writeEach(object, fields, context);
  };
}

const WRITTEN_BEFORE_GENERATING = 300;

function writeEach(object: ResponseObject, fields: readonly FieldWriter[], context: WriteContext): string | undefined {
  let text = '{';
  let missing = false;
  for (let i = 0; i < fields.length; i++) {
    const { prefix, subgraphKey, write, absent } = fields[i] as FieldWriter;
    const value = object[subgraphKey];
    const written = value === undefined && absent !== undefined ? absent(object, context) : write(value, context);
    if (written === undefined) missing = true;
    else text += i === 0 ? prefix + written : `,${prefix}${written}`;
  }
  return missing ? undefined : `${text}}`;
}

function generated(fields: readonly FieldWriter[]): ObjectWriter | undefined {
  let body = 'return function(o,c){const free=isFree();let v,w,t="",missing=false;';
  const names = ['isFree', 'quote'];
  const values: unknown[] = [isEscapeFree, quoteValue];
  for (const [i, field] of fields.entries()) {
    const start = (i === 0 ? '{' : ',') + field.prefix;
    names.push(`w${i}`);
    values.push(field.write);
    let written = `w${i}(v,c)`;
    if (field.absent) {
      names.push(`a${i}`);
      values.push(field.absent);
      written = `v===undefined?a${i}(o,c):${written}`;
    }
    const other = `w=${written};if(w===undefined)missing=true;else t+=${JSON.stringify(start)}+w;`;
    body += `v=o[${JSON.stringify(field.subgraphKey)}];`;
    if (field.isText) {
      body += `if(typeof v==="string"){if(free)t+=${JSON.stringify(`${start}"`)}+v+'"';else t+=${JSON.stringify(start)}+quote(v)}else{${other}}`;
    } else {
      body += other;
    }
  }
  body += `return missing?undefined:t+${fields.length === 0 ? '"{}"' : '"}"'};}`;
  return generate(names, body, values);
}
