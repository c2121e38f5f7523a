import { GraphQLError, type ValidationRule } from 'graphql';

/**
 * Forbids variables named `__proto__`: values are stored in objects by name, where this name is special. Names with
 * two underscores are reserved in any case.
 * @see https://spec.graphql.org/October2021/#sec-Names.Reserved-Names
 */
export const noPrototypeVariableRule: ValidationRule = (context) => ({
  VariableDefinition(node) {
    if (node.variable.name.value !== '__proto__') return;
    context.reportError(new GraphQLError('A variable cannot be named "$__proto__".', { nodes: node.variable }));
  },
});
