import type { Expression, Head, Literal, Path, Selection, Step } from './syntax.ts';

/**
 * The statically known result of a mapping: objects with their fields. A value may also be an array of them, because
 * mappings apply to each item of an array.
 */
export type Shape =
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, ShapeField>; readonly open: boolean }
  | { readonly kind: 'choice'; readonly shapes: readonly Shape[] }
  | { readonly kind: 'literal'; readonly value: Literal }
  /** Any value of the response. */
  | { readonly kind: 'unknown' };

/** A field of an object in a shape. */
export interface ShapeField {
  readonly shape: Shape;
  /** Offset in the mapping's text. */
  readonly at: number;
}

const UNKNOWN: Shape = { kind: 'unknown' };
/** Limit of alternatives; further ones are ignored. */
const MAX_ALTERNATIVES = 64;

/** Returns the shape of an expression. */
export function shapeOf(expression: Expression): Shape {
  switch (expression.kind) {
    case 'literal':
      return { kind: 'literal', value: expression.value };
    case 'array':
      return choiceOf(expression.items.map(shapeOf));
    case 'object': {
      const fields = new Map<string, ShapeField>();
      for (const [key, value] of expression.properties) fields.set(key, { shape: shapeOf(value), at: value.at });
      return { kind: 'object', fields, open: false };
    }
    case 'first':
      return choiceOf(expression.operands.map(shapeOf));
    case 'selection':
      return shapeOfSelection(expression);
    case 'path':
      return shapeOfPath(expression);
  }
}

/** Returns the possible objects of a shape. */
export function objectsIn(shape: Shape): Extract<Shape, { kind: 'object' }>[] {
  if (shape.kind === 'object') return [shape];
  return shape.kind === 'choice' ? shape.shapes.flatMap(objectsIn) : [];
}

/** Returns the possible strings of a shape; `undefined` where it may be something else. */
export function literalsIn(shape: Shape): string[] | undefined {
  if (shape.kind === 'literal') return typeof shape.value === 'string' ? [shape.value] : undefined;
  if (shape.kind !== 'choice') return undefined;
  const all = shape.shapes.map(literalsIn);
  return all.includes(undefined) ? undefined : all.flatMap((values) => values ?? []);
}

function choiceOf(shapes: readonly Shape[]): Shape {
  return shapes.length === 1 && shapes[0] !== undefined ? shapes[0] : { kind: 'choice', shapes };
}

interface Alternative {
  readonly fields: ReadonlyMap<string, ShapeField>;
  readonly open: boolean;
}

function shapeOfSelection({ fields }: Selection): Shape {
  let alternatives: readonly Alternative[] = [{ fields: new Map(), open: false }];
  for (const field of fields) {
    const shape = shapeOf(field.value);
    if (field.kind === 'named') {
      const added = new Map([[field.name, { shape, at: field.at }]]);
      alternatives = alternatives.map((known) => merge(known, { fields: added, open: false }));
      continue;
    }
    const objects = objectsIn(shape);
    if (objects.length === 0) alternatives = alternatives.map((known) => ({ ...known, open: true }));
    else if (objects.length * alternatives.length <= MAX_ALTERNATIVES) {
      alternatives = alternatives.flatMap((known) => objects.map((object) => merge(known, object)));
    }
  }
  return choiceOf(alternatives.map((alternative) => ({ kind: 'object', ...alternative })));
}

function merge(known: Alternative, added: Alternative): Alternative {
  return { fields: new Map([...known.fields, ...added.fields]), open: known.open || added.open };
}

function shapeOfPath({ head, steps, selection }: Path): Shape {
  if (selection !== undefined) return shapeOfSelection(selection);
  return steps.reduce(shapeAfter, shapeOfHead(head));
}

function shapeOfHead(head: Head): Shape {
  return head.kind === 'expression' ? shapeOf(head.expression) : UNKNOWN;
}

const SAME_SHAPE = new Set(['first', 'last', 'slice', 'filter', 'find', 'get']);

function shapeAfter(shape: Shape, step: Step): Shape {
  if (step.kind === 'question') return shape;
  if (step.kind === 'key') {
    const found = objectsIn(shape).flatMap(({ fields }) => fields.get(step.key)?.shape ?? []);
    return found.length === 0 ? UNKNOWN : choiceOf(found);
  }
  const [first] = step.args;
  if (SAME_SHAPE.has(step.name)) return shape;
  if ((step.name === 'echo' || step.name === 'map') && first !== undefined) return shapeOf(first);
  if (step.name === 'match' || step.name === 'matchIf' || step.name === 'match_if') {
    const results = step.args.flatMap((pair) => (pair.kind === 'array' ? (pair.items[1] ?? pair.items[0] ?? []) : []));
    return choiceOf(results.map(shapeOf));
  }
  if (step.name !== 'entries') return UNKNOWN;
  const field = { shape: UNKNOWN, at: step.at };
  return {
    kind: 'object',
    fields: new Map([
      ['key', field],
      ['value', field],
    ]),
    open: false,
  };
}
