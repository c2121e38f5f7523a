import { type FieldDefinitionNode, Kind } from 'graphql';
import { checkReferences } from './check-references.ts';
import { checkResolvable } from './check-resolvable.ts';
import { checkSelection } from './check-selection.ts';
import type { Connector } from './connector.ts';
import { type ConnectorProblem, problemAt } from './connector-problem.ts';
import { fieldSetOf } from './entity-lookups.ts';
import type { ConnectorModel } from './resolvable-fields.ts';
import { isComposite, nameOfType } from './schema-facts.ts';

/**
 * Checks the connectors of a file without calling the API.
 * @param others coordinates of root fields that have no connector, because something else resolves them
 */
export function checkConnectors(model: ConnectorModel, others: ReadonlySet<string> = NONE): ConnectorProblem[] {
  const problemsByConnector = model.connectors.connectors.flatMap((connector) => [
    ...checkReferences(connector, model.schema),
    ...checkPlace(connector, model),
    ...checkSelection(connector, model),
  ]);
  const problems = [...checkRootFields(model, others), ...checkKeys(model), ...problemsByConnector];
  // unresolvable fields are only reported once each connector is valid by itself
  return problems.length > 0 ? problems : checkResolvable(model);
}

const NONE: ReadonlySet<string> = new Set();

/** Checks that every root field has a connector, because there is no GraphQL server behind the file. */
function checkRootFields({ schema, byCoordinate }: ConnectorModel, others: ReadonlySet<string>): ConnectorProblem[] {
  const missing = [schema.query, schema.mutation].flatMap((root) =>
    [...(schema.types.get(root)?.fields.values() ?? [])]
      .filter(({ name }) => !byCoordinate.has(`${root}.${name.value}`) && !others.has(`${root}.${name.value}`))
      .map((field) => ({ root, field })),
  );
  const connectorProblems = missing.map(({ root, field }) => {
    const hint = 'Add @connect, or remove the field: only connectors can resolve fields of this file.';
    return problemAt(field, 'MISSING_CONNECTOR', `${root}.${field.name.value} has no connector.`, hint);
  });
  const subscriptions = [...(schema.types.get(schema.subscription)?.fields.values() ?? [])].filter(
    ({ name }) => !others.has(`${schema.subscription}.${name.value}`),
  );
  return [...connectorProblems, ...subscriptions.slice(0, 1).map(noSubscriptions)];
}

function noSubscriptions(field: FieldDefinitionNode): ConnectorProblem {
  return problemAt(
    field,
    'SUBSCRIPTION_IN_CONNECTORS',
    'Connectors do not support subscriptions.',
    'Add @event, or remove the field: only brokers can send the events of this file.',
  );
}

function checkPlace(connector: Connector, { schema, byCoordinate }: ConnectorModel): ConnectorProblem[] {
  const { node, field, typeName, coordinate } = connector;
  if (field === undefined) {
    if (schema.types.get(typeName)?.kind === 'object' && typeName !== schema.query && typeName !== schema.mutation)
      return [];
    return [
      problemAt(
        node,
        'CONNECTOR_ON_ROOT',
        `@connect is not allowed on ${typeName}.`,
        'Use it on the fields of that type.',
      ),
    ];
  }
  const connectorProblems: ConnectorProblem[] = [];
  if (byCoordinate.get(coordinate)?.[0] !== connector && !isComposite(schema.types.get(nameOfType(field.type)))) {
    const message = `${coordinate} has more than one connector, but its value is not an object that several connectors can contribute to.`;
    connectorProblems.push(problemAt(node, 'REPEATED_CONNECTOR', message, 'Remove all but one.'));
  }
  if (connector.entity && typeName !== schema.query) {
    const message = `entity: true is not allowed on ${coordinate}.`;
    const hint = `Use it on fields of ${schema.query}, or use @connect on the type itself.`;
    connectorProblems.push(problemAt(node, 'ENTITY_NOT_ON_ROOT_QUERY', message, hint));
  }
  const bare = field.type.kind === Kind.NON_NULL_TYPE ? field.type.type : field.type;
  const isObject = bare.kind === Kind.NAMED_TYPE && schema.types.get(bare.name.value)?.kind === 'object';
  if (connector.entity && !isObject) {
    const message = `${coordinate} is an entity look-up, but does not return a single object.`;
    const hint = 'Remove entity: true, or change the field to an object type.';
    connectorProblems.push(problemAt(node, 'ENTITY_TYPE_INVALID', message, hint));
  }
  return connectorProblems;
}

/** Checks that keys of look-ups consist of the entity's fields, and that batches select their key. */
function checkKeys(model: ConnectorModel): ConnectorProblem[] {
  return [...model.lookups.values()].flat().flatMap(({ connector, typeName, key, by, provides }) => {
    const { node } = connector;
    if (key.length === 0) {
      const hint =
        by === '$args' ? 'Add arguments with the names of the key fields.' : 'Use the key in the URL: {$this.id}.';
      const message = `The connector on ${connector.coordinate} is an entity look-up, but uses no key.`;
      return [problemAt(node, 'ENTITY_WITHOUT_KEY', message, hint)];
    }
    const unmatched = key.find((path) => !hasPath(model, typeName, path));
    if (unmatched !== undefined) {
      const message = `${typeName} has no field "${unmatched.join('.')}", which the entity look-up ${connector.coordinate} needs.`;
      const hint = 'Name the arguments after the key fields, or add defaults to optional ones.';
      return [problemAt(node, 'ENTITY_RESOLVER_ARGUMENT_MISMATCH', message, hint)];
    }
    const unselected = by === '$batch' ? key.find(([first]) => !provides.has(first ?? '')) : undefined;
    if (unselected === undefined) return [];
    const message = `The selection of the batch on ${typeName} lacks "${unselected.join('.')}".`;
    const hint = `Select the key (${fieldSetOf(key)}). It assigns the objects of the response to their entities.`;
    return [problemAt(connector.selection.node, 'BATCH_KEY_NOT_SELECTED', message, hint)];
  });
}

function hasPath({ schema }: ConnectorModel, typeName: string, path: readonly string[]): boolean {
  let type = schema.types.get(typeName);
  for (const name of path) {
    const field = type?.fields.get(name);
    if (field === undefined) return false;
    type = schema.types.get(nameOfType(field.type));
  }
  return !isComposite(type);
}
