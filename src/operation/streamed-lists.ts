import { type DirectiveNode, Kind, type TypeNode, type ValueNode } from 'graphql';

/** An active `@stream` of a field. */
export interface StreamDirective {
  readonly label: string | undefined;
  /** How many items come with what is around the list: a number, or the name of the variable that has it. */
  readonly initialCount: number | { readonly variable: string };
  /** The same for directives with the same arguments. */
  readonly key: string;
}

/** The most lists with `@stream` in one operation, with fragments expanded; further ones come whole. */
export const MAX_STREAMED_LISTS = 50;

/**
 * Returns the arguments of an active `@stream`; `undefined` where there is none, or its condition is false.
 * @param conditions the values of the variables in conditions
 */
export function activeStream(
  directives: readonly DirectiveNode[] | undefined,
  conditions: Readonly<Record<string, unknown>>,
): StreamDirective | undefined {
  const directive = directives?.find(({ name }) => name.value === 'stream');
  if (directive === undefined || !isActive(argumentOf(directive, 'if'), conditions)) return undefined;
  const label = argumentOf(directive, 'label');
  const count = argumentOf(directive, 'initialCount');
  const initialCount =
    count?.kind === Kind.VARIABLE ? { variable: count.name.value } : count?.kind === Kind.INT ? Number(count.value) : 0;
  const name = label?.kind === Kind.STRING ? label.value : undefined;
  return { label: name, initialCount, key: JSON.stringify([name, initialCount]) };
}

/** Returns whether the condition of a `@defer` or `@stream` holds; where it is missing, it does. */
export function isActive(condition: ValueNode | undefined, conditions: Readonly<Record<string, unknown>>): boolean {
  if (condition?.kind === Kind.BOOLEAN) return condition.value;
  return condition?.kind !== Kind.VARIABLE || conditions[condition.name.value] !== false;
}

export function isListType(type: TypeNode): boolean {
  return type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && isListType(type.type));
}

/** Returns the value of an argument of a directive. */
export function argumentOf({ arguments: given }: DirectiveNode, name: string): ValueNode | undefined {
  return given?.find((argument) => argument.name.value === name)?.value;
}
