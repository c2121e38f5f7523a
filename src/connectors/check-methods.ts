import type { StringValueNode } from 'graphql';
import { type ConnectorProblem, didYouMean, problemAt } from './connector-problem.ts';
import { METHODS } from './mapping/methods.ts';
import type { Expression, Selection, Step } from './mapping/syntax.ts';

/** Reports unknown methods and wrong numbers of arguments. */
export function checkMethods(expression: Expression, node: StringValueNode): ConnectorProblem[] {
  switch (expression.kind) {
    case 'literal':
      return [];
    case 'array':
      return expression.items.flatMap((item) => checkMethods(item, node));
    case 'object':
      return expression.properties.flatMap(([, value]) => checkMethods(value, node));
    case 'first':
      return expression.operands.flatMap((operand) => checkMethods(operand, node));
    case 'selection':
      return checkFields(expression, node);
    case 'path':
      return [
        ...(expression.head.kind === 'expression' ? checkMethods(expression.head.expression, node) : []),
        ...expression.steps.flatMap((step) => checkStep(step, node)),
        ...(expression.selection === undefined ? [] : checkFields(expression.selection, node)),
      ];
  }
}

function checkFields(selection: Selection, node: StringValueNode): ConnectorProblem[] {
  return selection.fields.flatMap(({ value }) => checkMethods(value, node));
}

function checkStep(step: Step, node: StringValueNode): ConnectorProblem[] {
  if (step.kind !== 'method') return [];
  const method = METHODS[step.name];
  const inner = step.args.flatMap((arg) => checkMethods(arg, node));
  if (method === undefined) {
    const message = `There is no method "->${step.name}".`;
    return [problemAt(node, 'UNKNOWN_METHOD', message, didYouMean(step.name, Object.keys(METHODS)), step.at), ...inner];
  }
  const [min, max] = method.arity;
  if (step.args.length >= min && step.args.length <= max) return inner;
  const expected = min === max ? String(min) : max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`;
  const message = `"->${step.name}" takes ${expected} arguments, not ${step.args.length}.`;
  return [problemAt(node, 'WRONG_NUMBER_OF_ARGUMENTS', message, undefined, step.at), ...inner];
}
