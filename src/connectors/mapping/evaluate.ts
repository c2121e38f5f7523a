import { emptyObject, isObject, type Json, property, put } from './json.ts';
import { MappedList } from './mapped-list.ts';
import type { Evaluate } from './method.ts';
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

/**
 * Maps a response body as `mapResponse` does. Long lists whose items have a selection of their own become `MappedList`s, at the
 * places where the mapping returns them as they are.
 */
export function mapLazily(mapping: Expression, body: Json, variables: Variables): Json {
  return mapLazilyIn(mapping, body, { variables, dollar: body, missingAsNull: true });
}

/** Maps a response body as `mapResponse` does. If it is a long list, the result is a `MappedList`, whose items are complete. */
export function mapItemsLazily(mapping: Expression, body: Json, variables: Variables): Json {
  const scope = { variables, dollar: body, missingAsNull: true };
  if (mapping.kind === 'selection') return selectItemsLazily(mapping, body, scope);
  return mapping.kind === 'path' ? followPath(mapping, body, scope, selectItemsLazily) : evaluate(mapping, body, scope);
}

/** Lists with fewer items are mapped at once. */
const LONG_LIST = 64;

function mapLazilyIn(expression: Expression, data: Json, scope: Scope): Json {
  if (expression.kind === 'selection') return selectLazily(expression, data, scope);
  return expression.kind === 'path'
    ? followPath(expression, data, scope, selectLazily)
    : evaluate(expression, data, scope);
}

function selectLazily(selection: Selection, value: Json, scope: Scope): Json {
  if (Array.isArray(value) && value.length > LONG_LIST)
    return new MappedList(value, (item) => selectLazily(selection, item, scope) ?? null);
  if (Array.isArray(value)) return value.map((item) => selectLazily(selection, item, scope) ?? null);
  return selectFrom(selection, value, scope, mapLazilyIn);
}

function selectItemsLazily(selection: Selection, value: Json, scope: Scope): Json {
  return Array.isArray(value) && value.length > LONG_LIST
    ? new MappedList(value, (item) => select(selection, item, scope) ?? null)
    : select(selection, value, scope);
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

function followPath(path: Path, data: Json, scope: Scope, selectBy = select): Json {
  let value = headValue(path.head, data, scope);
  for (const step of path.steps) {
    if (value === undefined && step.kind !== 'method') return undefined;
    value = takeStep(step, value, scope);
  }
  return path.selection === undefined ? value : selectBy(path.selection, value, scope);
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
  return selectFrom(selection, value, scope, evaluate);
}

/** Applies a selection to a value that is no array. */
function selectFrom(
  selection: Selection,
  value: Json,
  { variables, missingAsNull }: Scope,
  evaluateBy: Evaluate,
): Json {
  if (value === null) return null;
  const { readsKeys, fields } = factsOf(selection);
  if (value === undefined && readsKeys) return undefined;
  // a selection of properties does not apply to a string: unchanged, it is reported as the wrong type
  if (value !== undefined && readsKeys && !isObject(value)) return value;
  const inner = { variables, dollar: value, missingAsNull };
  const object: Record<string, Json> = {};
  for (const { name, key, expression } of fields) {
    const found = key === undefined ? evaluateBy(expression, value, inner) : property(value, key);
    if (name === undefined) {
      if (isObject(found)) for (const own of Object.keys(found)) put(object, own, found[own]);
    } else if (found !== undefined) put(object, name, found);
    else if (missingAsNull) put(object, name, null);
  }
  return object;
}

/** What applying a selection needs to know, computed once. */
interface SelectionFacts {
  /** Whether it only reads properties of the current object. */
  readonly readsKeys: boolean;
  readonly fields: readonly SelectedField[];
}

interface SelectedField {
  /** Missing for an object whose fields are spread into this one. */
  readonly name: string | undefined;
  /** The property that it is, if it is just that. */
  readonly key: string | undefined;
  readonly expression: Expression;
}

const FACTS = new WeakMap<Selection, SelectionFacts>();

function factsOf(selection: Selection): SelectionFacts {
  let known = FACTS.get(selection);
  if (known === undefined) {
    const fields = selection.fields.map((field) => ({
      name: field.kind === 'named' ? field.name : undefined,
      key: plainKey(field.value),
      expression: field.value,
    }));
    const readsKeys = fields.length > 0 && selection.fields.every(({ value }) => readsKey(value));
    known = { readsKeys, fields };
    FACTS.set(selection, known);
  }
  return known;
}

/** Returns the name of the property that an expression reads, if it does nothing else. */
function plainKey(value: Expression): string | undefined {
  if (value.kind !== 'path' || value.head.kind !== 'key') return undefined;
  return value.steps.length === 0 && value.selection === undefined ? value.head.key : undefined;
}

function readsKey(value: Expression): boolean {
  if (value.kind === 'selection') return factsOf(value).readsKeys;
  return value.kind === 'path' && value.head.kind === 'key';
}
