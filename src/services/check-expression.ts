import {
  type ASTNode,
  type ConstDirectiveNode,
  GraphQLError,
  type GraphQLField,
  Kind,
  type ObjectValueNode,
  parseValue,
  visit,
} from 'graphql';
import { argumentOf, stringOf } from './arguments.ts';
import { type ServiceProblem, serviceProblem } from './service-problem.ts';

type Field = GraphQLField<unknown, unknown>;

/** Checks the argument expressions of a `@merge`: `argsExpr` and `additionalArgs`. */
export function checkExpressions(field: Field, merge: ConstDirectiveNode, list: boolean): ServiceProblem[] {
  const argsExpr = stringOf(merge, 'argsExpr');
  const additional = stringOf(merge, 'additionalArgs');
  return [
    ...(argsExpr === undefined ? [] : check(field, merge, 'argsExpr', argsExpr, shapeProblem(argsExpr, list))),
    ...(additional === undefined ? [] : check(field, merge, 'additionalArgs', additional, undefined)),
  ];
}

function check(
  field: Field,
  merge: ConstDirectiveNode,
  argument: string,
  text: string,
  shape: string | undefined,
): ServiceProblem[] {
  const node = argumentOf(merge, argument);
  const example = argument === 'argsExpr' ? '"ids: [[$key.id]], deep: true"' : '"deep: true"';
  const problem = (message: string, hint = `Example: ${example}.`) => [
    serviceProblem(node, 'MERGE_INVALID_ARGUMENTS', `\`${argument}\` of "${field.name}" ${message}`, hint),
  ];
  if (shape !== undefined) return problem(shape);
  const value = parseArguments(text);
  if (value instanceof GraphQLError) return problem(`cannot be parsed: ${value.message}`);
  if (holdsKeyInList(value)) return problem('has the key within a list. Write a list of keys as [[$key.id]].');
  const unmatched = value.fields.find(({ name }) => !field.args.some((arg) => arg.name === name.value));
  if (unmatched === undefined) return [];
  const known = field.args.map(({ name }) => name).join(', ') || 'none';
  return problem(
    `has "${unmatched.name.value}", which is not an argument of the field.`,
    `Its arguments are ${known}.`,
  );
}

/** Checks the notation of keys: `$key.id` for one key, `[[$key.id]]` for a list of keys. */
function shapeProblem(text: string, list: boolean): string | undefined {
  const [opened, closed] = [text.split('[[').length - 1, text.split(']]').length - 1];
  if (opened !== closed) return 'has a "[[" without its "]]".';
  if (list && opened === 0) return 'takes one key, but the field returns a list. Write [[$key.id]].';
  if (!list && opened > 0) return 'takes a list of keys, but the field returns one object. Write $key.id.';
  const outside = replaceLists(text, '');
  return list && outside.includes('$key') ? 'has the key both within [[ ]] and outside.' : undefined;
}

/** Replaces each `[[…]]`. */
function replaceLists(text: string, replacement: string): string {
  let replaced = '';
  let from = 0;
  for (let start = text.indexOf('[['); start >= 0; start = text.indexOf('[[', from)) {
    const end = text.indexOf(']]', start + 2);
    if (end < 0) break;
    replaced += text.slice(from, start) + replacement;
    from = end + 2;
  }
  return replaced + text.slice(from);
}

function parseArguments(text: string): ObjectValueNode | GraphQLError {
  const simple = replaceLists(text, '$key').replace(/\$key(\.\w+)*/g, '$key');
  try {
    return parseValue(`{ ${simple} }`, { noLocation: true }) as ObjectValueNode;
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

function holdsKeyInList(value: ObjectValueNode): boolean {
  let found = false;
  visit(value, {
    Variable(_node, _key, _parent, _path, ancestors) {
      found ||= ancestors.some((parents) => !Array.isArray(parents) && (parents as ASTNode).kind === Kind.LIST);
    },
  });
  return found;
}
