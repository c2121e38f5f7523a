import {
  type DocumentNode,
  type GraphQLSchema,
  getNamedType,
  isScalarType,
  isSpecifiedScalarType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { keysOf, type Section } from '../endpoints/shape.ts';

/** The root keys of a response, with what is needed to flatten sections in its JSON text without parsing it. */
export type Lifting = readonly {
  /** `"inbox":`, which occurs once in the text. */
  readonly mark: string;
  /** Replacement for a flattened section that is null, such as `"unread":null`; `undefined` for sections not flattened. */
  readonly nulls: string | undefined;
}[];

/**
 * Returns how to lift flattened sections in the text. Returns `undefined` where the text is ambiguous: a nested section is
 * flattened, a root key occurs elsewhere as well, or a custom scalar may contain any key.
 */
export function liftingOf(root: Section, document: DocumentNode, schema: GraphQLSchema): Lifting | undefined {
  if (!root.reshapes || hasCustomScalars(document, schema)) return undefined;
  const below = new Set<string>();
  for (const child of root.children.values()) {
    if (child.reshapes) return undefined;
    collectKeys(child, below);
  }
  if ([...root.children.keys()].some((key) => below.has(key))) return undefined;
  return [...root.children].map(([key, child]) => {
    const nulls = [...keysOf(child).keys()].map((name) => `${JSON.stringify(name)}:null`).join();
    return { mark: `${JSON.stringify(key)}:`, nulls: child.flatten ? nulls : undefined };
  });
}

function collectKeys({ children }: Section, into: Set<string>): void {
  for (const [key, child] of children) {
    into.add(key);
    collectKeys(child, into);
  }
}

function hasCustomScalars(document: DocumentNode, schema: GraphQLSchema): boolean {
  const info = new TypeInfo(schema);
  let found = false;
  const Field = () => {
    const type = getNamedType(info.getType());
    if (isScalarType(type) && !isSpecifiedScalarType(type)) found = true;
  };
  visit(document, visitWithTypeInfo(info, { Field }));
  return found;
}

/**
 * Flattens root sections without parsing. Quotes within JSON strings are escaped, so a mark only matches its key.
 *
 * In:  `{"me":{"id":"1"},"inbox":{"unread":[]}}`, with `inbox` flattened
 * Out: `{"me":{"id":"1"},"unread":[]}`
 *
 * @param text JSON without spaces, as the engine writes it
 */
export function liftText(text: string, lifting: Lifting): string {
  const found = lifting.flatMap(({ mark, nulls }) => {
    const start = text.indexOf(mark);
    return start < 0 ? [] : [{ start, value: start + mark.length, nulls }];
  });
  found.sort((a, b) => a.start - b.start);
  let lifted = '';
  for (const [index, { start, value, nulls }] of found.entries()) {
    const end = (found[index + 1]?.start ?? text.length) - 1;
    const piece = nulls === undefined ? text.slice(start, end) : liftedPiece(text.slice(value, end), nulls);
    if (piece !== '') lifted += lifted === '' ? piece : `,${piece}`;
  }
  return `{${lifted}}`;
}

function liftedPiece(value: string, nulls: string): string {
  return value === 'null' ? nulls : value.slice(1, -1);
}
