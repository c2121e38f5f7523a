import { type ConstDirectiveNode, type ConstValueNode, Kind, type StringValueNode, valueFromASTUntyped } from 'graphql';

interface WithDirectives {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** Returns all directives with this name. */
export function usesOf(node: WithDirectives, name: string): readonly ConstDirectiveNode[] {
  return node.directives?.filter((directive) => directive.name.value === name) ?? [];
}

/** Returns the first directive with this name. */
export function useOf(node: WithDirectives, name: string): ConstDirectiveNode | undefined {
  return node.directives?.find((directive) => directive.name.value === name);
}

/** Returns an argument's value; `undefined` where it is missing or null. */
export function argumentOf(directive: ConstDirectiveNode, name: string): ConstValueNode | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.NULL ? undefined : value;
}

/** Returns the node of a string argument; `undefined` where it is missing or not a string. */
export function stringNode(directive: ConstDirectiveNode, name: string): StringValueNode | undefined {
  const value = argumentOf(directive, name);
  return value?.kind === Kind.STRING ? value : undefined;
}

/** Returns a string argument; `undefined` where it is missing or not a string. */
export function stringOf(directive: ConstDirectiveNode, name: string): string | undefined {
  return stringNode(directive, name)?.value;
}

/** Returns a list of strings. A single string is a list of one. */
export function stringsOf(directive: ConstDirectiveNode, name: string): string[] | undefined {
  const value = argumentOf(directive, name);
  const read: unknown = value && valueFromASTUntyped(value);
  if (typeof read === 'string') return [read];
  return Array.isArray(read) ? read.filter((item) => typeof item === 'string') : undefined;
}

/** Creates a directive with these arguments. */
export function directiveUse(name: string, args: Readonly<Record<string, string | boolean>>): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: name },
    arguments: Object.entries(args).map(([key, value]) => ({
      kind: Kind.ARGUMENT,
      name: { kind: Kind.NAME, value: key },
      value: typeof value === 'string' ? { kind: Kind.STRING, value } : { kind: Kind.BOOLEAN, value },
    })),
  };
}
