import { emptyObject, isObject, type Json, property } from './json.ts';
import { METHODS } from './methods.ts';
import type { Scope, Variables } from './scope.ts';
import type { Expression, Head, Path, Selection, Step } from './syntax.ts';

/** Maps a response body. The result has every selected field; fields that the body lacks are null. */
export function mapResponse(mapping: Expression, body: Json, variables: Variables): Json {
  return applyMapping(mapping, body, { variables, dollar: body, missingAsNull: true });
}

/** Maps a value for a request, without missing fields. */
export function mapRequest(mapping: Expression, variables: Variables, dollar?: Json): Json {
  return applyMapping(mapping, dollar, { variables, dollar, missingAsNull: false });
}

function applyMapping(mapping: Expression, data: Json, scope: Scope): Json {
  return mapping.kind === 'selection' ? select(mapping, data, scope) : evaluate(mapping, data, scope);
}

/** Evaluates an expression; `data` is `@`. Returns `undefined` where it has no value. Never throws because of the data. */
export function evaluate(expression: Expression, data: Json, scope: Scope): Json {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'array':
      return expression.items.map((item) => evaluate(item, data, scope) ?? null);
    case 'object':
      return objectOf(expression.properties, data, scope);
    case 'first':
      return firstPresent(expression, data, scope);
    case 'selection':
      return select(expression, data, scope);
    case 'path':
      return followPath(expression, data, scope);
  }
}

function objectOf(properties: readonly (readonly [string, Expression])[], data: Json, scope: Scope): Json {
  const object = emptyObject();
  for (const [key, expression] of properties) {
    const value = evaluate(expression, data, scope);
    if (value !== undefined) object[key] = value;
  }
  return object;
}

function firstPresent(choice: Extract<Expression, { kind: 'first' }>, data: Json, scope: Scope): Json {
  let value: Json;
  for (const operand of choice.operands) {
    value = evaluate(operand, data, scope);
    if (value !== undefined && (value !== null || choice.operator === '?!')) return value;
  }
  return value;
}

function followPath(path: Path, data: Json, scope: Scope): Json {
  let value = headValue(path.head, data, scope);
  for (const step of path.steps) {
    if (value === undefined && step.kind !== 'method') return undefined;
    value = takeStep(step, value, scope);
  }
  return path.selection === undefined ? value : select(path.selection, value, scope);
}

function headValue(head: Head, data: Json, scope: Scope): Json {
  switch (head.kind) {
    case 'expression':
      return evaluate(head.expression, data, scope);
    case 'key':
      return readKey(scope.dollar, head.key);
    case 'variable':
      if (head.name === '@') return data;
      return head.name === '$' ? scope.dollar : property(scope.variables, head.name);
  }
}

function takeStep(step: Step, value: Json, scope: Scope): Json {
  switch (step.kind) {
    case 'key':
      return readKey(value, step.key);
    case 'question':
      return value === null ? undefined : value;
    case 'method':
      return value === undefined ? undefined : METHODS[step.name]?.apply(value, step.args, scope, evaluate);
  }
}

/** Reads a property; of an array, the property of each item. */
function readKey(value: Json, key: string): Json {
  if (Array.isArray(value)) return value.map((item) => readKey(item, key) ?? null);
  return property(value, key);
}

/** Applies a selection to an object, or to each item of an array. */
function select(selection: Selection, value: Json, scope: Scope): Json {
  if (Array.isArray(value)) return value.map((item) => select(selection, item, scope) ?? null);
  if (value === null) return null;
  if (value === undefined && readsKeys(selection)) return undefined;
  // a selection of properties does not apply to a string: unchanged, it is reported as the wrong type
  if (value !== undefined && !isObject(value) && readsKeys(selection)) return value;
  const inner = { variables: scope.variables, dollar: value, missingAsNull: scope.missingAsNull };
  const object = emptyObject();
  for (const field of selection.fields) {
    const found = evaluate(field.value, value, inner);
    if (field.kind === 'spread') {
      if (isObject(found)) Object.assign(object, found);
    } else if (found !== undefined) object[field.name] = found;
    else if (scope.missingAsNull) object[field.name] = null;
  }
  return object;
}

const READS_KEYS = new WeakMap<Selection, boolean>();

/** Returns whether a selection only reads properties of the current object. */
function readsKeys(selection: Selection): boolean {
  let known = READS_KEYS.get(selection);
  if (known === undefined) {
    known = selection.fields.length > 0 && selection.fields.every(({ value }) => readsKey(value));
    READS_KEYS.set(selection, known);
  }
  return known;
}

function readsKey(value: Expression): boolean {
  if (value.kind === 'selection') return readsKeys(value);
  return value.kind === 'path' && value.head.kind === 'key';
}
