import type { Connector, PlacedReference } from './connector.ts';
import { type ConnectorProblem, didYouMean, problemAt } from './connector-problem.ts';
import { isRootType, nameOfType, type SchemaFacts } from './schema-facts.ts';

const ALWAYS = ['$config', '$env', '$context', '$request', '$response', '$status'];

/** Checks that the variables of a connector exist at its place, and have the fields that are read. */
export function checkReferences(connector: Connector, schema: SchemaFacts): ConnectorProblem[] {
  const { field, typeName } = connector;
  const known = [...ALWAYS];
  if (field !== undefined) known.push('$args');
  if (!isRootType(schema, typeName)) known.push('$this');
  if (field === undefined) known.push('$batch');
  return connector.references.flatMap((reference) => {
    if (!known.includes(reference.variable)) return [unknownVariable(connector, reference, known)];
    if (reference.variable === '$args') return checkArgument(connector, reference, schema);
    if (reference.variable === '$this' || reference.variable === '$batch')
      return checkField(connector, reference, schema);
    return [];
  });
}

function unknownVariable(
  { coordinate, field }: Connector,
  reference: PlacedReference,
  known: readonly string[],
): ConnectorProblem {
  const { variable, node, at } = reference;
  const message =
    variable === '$batch' && field !== undefined
      ? '$batch can only be used in connectors on types.'
      : `Unknown variable ${variable} in the connector on ${coordinate}.`;
  return problemAt(node, 'UNKNOWN_VARIABLE', message, didYouMean(variable, known), at);
}

function checkArgument(
  { field, coordinate }: Connector,
  { path, node, at }: PlacedReference,
  schema: SchemaFacts,
): ConnectorProblem[] {
  const args = field?.arguments ?? [];
  const [name, ...rest] = path;
  if (name === undefined) return [];
  const argument = args.find((candidate) => candidate.name.value === name);
  if (argument === undefined) {
    const hint = didYouMean(
      name,
      args.map((candidate) => candidate.name.value),
    );
    return [problemAt(node, 'UNKNOWN_ARGUMENT', `${coordinate} has no argument "${name}".`, hint, at)];
  }
  let type = schema.types.get(nameOfType(argument.type));
  for (const key of rest) {
    if (type?.kind !== 'input') return [];
    const inner = type.inputFields.get(key);
    if (inner === undefined) {
      const message = `The input type ${type.name} has no field "${key}".`;
      return [problemAt(node, 'UNKNOWN_ARGUMENT', message, didYouMean(key, type.inputFields.keys()), at)];
    }
    type = schema.types.get(nameOfType(inner.type));
  }
  return [];
}

function checkField(
  { typeName }: Connector,
  { variable, path, node, at }: PlacedReference,
  schema: SchemaFacts,
): ConnectorProblem[] {
  if (path.length === 0) {
    const hint = `Select the fields that you need: ${variable} { id }, or ${variable}.id.`;
    return [problemAt(node, 'WHOLE_OBJECT', `${variable} is used as a whole.`, hint, at)];
  }
  let type = schema.types.get(typeName);
  for (const name of path) {
    const found = type?.fields.get(name);
    if (type === undefined || type.fields.size === 0) return [];
    if (found === undefined) {
      const message = `${type.name} has no field "${name}", which ${variable}.${path.join('.')} reads.`;
      return [problemAt(node, 'UNKNOWN_FIELD', message, didYouMean(name, type.fields.keys()), at)];
    }
    type = schema.types.get(nameOfType(found.type));
  }
  return [];
}
