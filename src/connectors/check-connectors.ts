import { type FieldDefinitionNode, Kind } from 'graphql';
import { checkReferences } from './check-references.ts';
import { checkResolvable } from './check-resolvable.ts';
import { checkSelection } from './check-selection.ts';
import type { Connector } from './connector.ts';
import { type ConnectorProblem, problemAt } from './connector-problem.ts';
import { fieldSetOf } from './entity-lookups.ts';
import type { ConnectorModel } from './resolvable-fields.ts';
import { isComposite, nameOfType } from './schema-facts.ts';

/** What is wrong with a file's connectors, each as far as it can be known without calling the API. */
export function checkConnectors(model: ConnectorModel): ConnectorProblem[] {
  const each = model.connectors.connectors.flatMap((connector) => [
    ...checkReferences(connector, model.schema),
    ...checkPlace(connector, model),
    ...checkSelection(connector, model),
  ]);
  const alone = [...checkRootFields(model), ...checkKeys(model), ...each];
  // whether all fields can be had is worth telling once each connector is right by itself
  return alone.length > 0 ? alone : checkResolvable(model);
}

/** Every root field is had by a connector, for there is no server behind the file. */
function checkRootFields({ schema, ofFields }: ConnectorModel): ConnectorProblem[] {
  const missing = [schema.query, schema.mutation].flatMap((root) =>
    [...(schema.types.get(root)?.fields.values() ?? [])]
      .filter(({ name }) => !ofFields.has(`${root}.${name.value}`))
      .map((field) => ({ root, field })),
  );
  const connectorProblems = missing.map(({ root, field }) => {
    const hint = 'Give it a @connect, or take it out: nothing else answers the fields of this file.';
    return problemAt(field, 'MISSING_CONNECTOR', `${root}.${field.name.value} has no connector.`, hint);
  });
  const subscriptions = [...(schema.types.get(schema.subscription)?.fields.values() ?? [])];
  return [...connectorProblems, ...subscriptions.slice(0, 1).map(noSubscriptions)];
}

function noSubscriptions(field: FieldDefinitionNode): ConnectorProblem {
  return problemAt(
    field,
    'SUBSCRIPTION_IN_CONNECTORS',
    'Subscriptions cannot be had from REST.',
    'Take them out of this file.',
  );
}

function checkPlace(connector: Connector, { schema, ofFields }: ConnectorModel): ConnectorProblem[] {
  const { node, field, typeName, coordinate } = connector;
  if (field === undefined) {
    if (schema.types.get(typeName)?.kind === 'object' && typeName !== schema.query && typeName !== schema.mutation)
      return [];
    return [
      problemAt(
        node,
        'CONNECTOR_ON_ROOT',
        `@connect cannot stand on ${typeName}.`,
        'Put it on the fields of that type.',
      ),
    ];
  }
  const connectorProblems: ConnectorProblem[] = [];
  if (ofFields.get(coordinate)?.[0] !== connector && !isComposite(schema.types.get(nameOfType(field.type)))) {
    const message = `${coordinate} has more than one connector, and its value cannot be had in parts.`;
    connectorProblems.push(problemAt(node, 'REPEATED_CONNECTOR', message, 'Keep one.'));
  }
  if (connector.entity && typeName !== schema.query) {
    const message = `entity: true cannot stand on ${coordinate}.`;
    const hint = `It belongs on fields of ${schema.query}; for a type, put @connect on the type itself.`;
    connectorProblems.push(problemAt(node, 'ENTITY_NOT_ON_ROOT_QUERY', message, hint));
  }
  const bare = field.type.kind === Kind.NON_NULL_TYPE ? field.type.type : field.type;
  const isObject = bare.kind === Kind.NAMED_TYPE && schema.types.get(bare.name.value)?.kind === 'object';
  if (connector.entity && !isObject) {
    const message = `${coordinate} is an entity look-up, but does not give one object.`;
    const hint = 'Take entity: true away, or give the field an object type.';
    connectorProblems.push(problemAt(node, 'ENTITY_TYPE_INVALID', message, hint));
  }
  return connectorProblems;
}

/** A lookup's key is made of the entity's own fields, and a batch's answer tells which entity is which. */
function checkKeys(model: ConnectorModel): ConnectorProblem[] {
  return [...model.lookups.values()].flat().flatMap(({ connector, typeName, key, by, provides }) => {
    const { node } = connector;
    if (key.length === 0) {
      const hint =
        by === '$args' ? 'Give the field arguments named like the key.' : 'Use the key in the URL: {$this.id}.';
      const message = `The connector on ${connector.coordinate} looks entities up, but uses no key.`;
      return [problemAt(node, 'ENTITY_WITHOUT_KEY', message, hint)];
    }
    const unmatched = key.find((path) => !hasPath(model, typeName, path));
    if (unmatched !== undefined) {
      const message = `${typeName} has no field "${unmatched.join('.')}", which the entity look-up ${connector.coordinate} needs.`;
      const hint = 'Name arguments like the fields of the key, or give optional ones a default.';
      return [problemAt(node, 'ENTITY_RESOLVER_ARGUMENT_MISMATCH', message, hint)];
    }
    const unselected = by === '$batch' ? key.find(([first]) => !provides.has(first ?? '')) : undefined;
    if (unselected === undefined) return [];
    const message = `The selection of the batch on ${typeName} lacks "${unselected.join('.')}".`;
    const hint = `Select the key (${fieldSetOf(key)}): by it the answer's objects find their entities.`;
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
