import type { Expression, Path, Selection } from './syntax.ts';

/** A use of a variable: `$args.filter.ids` is `$args` with the path `filter`, `ids`. */
export interface Reference {
  /** Name with the dollar sign. */
  readonly variable: string;
  readonly path: readonly string[];
  readonly at: number;
  /** Set where the value may be missing: a default or `?` follows. */
  readonly isOptional?: true;
}

/** Returns every use of a `$variable` in a mapping, except `$` and `@`. `$this { a b }` is `$this.a` and `$this.b`. */
export function referencesIn(expression: Expression): Reference[] {
  const found: Reference[] = [];
  collect(expression, found);
  return found;
}

function collect(expression: Expression, found: Reference[]): void {
  switch (expression.kind) {
    case 'literal':
      return;
    case 'array':
      for (const item of expression.items) collect(item, found);
      return;
    case 'object':
      for (const [, value] of expression.properties) collect(value, found);
      return;
    case 'first':
      for (const [index, operand] of expression.operands.entries()) {
        const inner: Reference[] = [];
        collect(operand, inner);
        const isLast = index === expression.operands.length - 1;
        found.push(...(isLast ? inner : inner.map((reference) => ({ ...reference, isOptional: true as const }))));
      }
      return;
    case 'selection':
      for (const { value } of expression.fields) collect(value, found);
      return;
    case 'path':
      collectPath(expression, found);
  }
}

function collectPath(path: Path, found: Reference[]): void {
  const { head, steps, selection } = path;
  if (head.kind === 'expression') collect(head.expression, found);
  if (head.kind === 'variable' && head.name.length > 1) {
    const isOptional = steps.some(({ kind }) => kind === 'question');
    const uses = variableUses(path, head.name);
    found.push(...(isOptional ? uses.map((use) => ({ ...use, isOptional: true as const })) : uses));
  }
  for (const step of steps) {
    if (step.kind === 'method') for (const arg of step.args) collect(arg, found);
  }
  if (selection !== undefined) collect(selection, found);
}

function variableUses({ head, steps, selection }: Path, variable: string): Reference[] {
  const path: string[] = [];
  for (const step of steps) {
    if (step.kind === 'method') return [{ variable, path, at: head.at }];
    if (step.kind === 'key') path.push(step.key);
  }
  if (selection === undefined) return [{ variable, path, at: head.at }];
  return pathsRead(selection).map((keys) => ({ variable, path: [...path, ...keys], at: head.at }));
}

/** Returns the paths that a selection reads from its object. An empty path means the whole object. */
function pathsRead(selection: Selection): string[][] {
  return selection.fields.flatMap(({ value }): string[][] => {
    if (value.kind === 'selection') return pathsRead(value);
    if (value.kind !== 'path') return [];
    const { head } = value;
    if (head.kind === 'key') return readFrom(value, [head.key]);
    return head.kind === 'variable' && (head.name === '$' || head.name === '@') ? readFrom(value, []) : [];
  });
}

function readFrom(path: Path, start: string[]): string[][] {
  const read = readPath(path, start);
  const { steps, selection } = path;
  if (selection === undefined || steps.some(({ kind }) => kind === 'method')) return [read];
  return pathsRead(selection).map((keys) => [...read, ...keys]);
}

function readPath({ steps }: Path, start: string[]): string[] {
  const path = [...start];
  for (const step of steps) {
    if (step.kind === 'method') break;
    if (step.kind === 'key') path.push(step.key);
  }
  return path;
}
