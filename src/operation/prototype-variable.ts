import { GraphQLError, type ValidationRule } from 'graphql';

/**
 * No variable may be called `__proto__`: values are kept in objects by name, where this one is not a name like others.
 * Names with two underscores are reserved in any case.
 * @see https://spec.graphql.org/October2021/#sec-Names.Reserved-Names
 */
export const noPrototypeVariableRule: ValidationRule = (context) => ({
  VariableDefinition(node) {
    if (node.variable.name.value !== '__proto__') return;
    context.reportError(new GraphQLError('A variable cannot be called "$__proto__".', { nodes: node.variable }));
  },
});
