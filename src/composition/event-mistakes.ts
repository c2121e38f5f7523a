import {
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  type TypeNode,
} from 'graphql';
import { directiveUses } from '../supergraph/directives.ts';
import { readTopic, type TopicTemplate } from '../supergraph/event-topic.ts';
import { forEachTopField, parseFieldSet } from '../supergraph/field-set.ts';
import { locate } from './locate.ts';
import type { GatewayDirectiveUse } from './source-definition.ts';

/** What is wrong with a use of `@event` or `@publish`. */
export interface EventMistake {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Returns what is wrong with a use; `undefined` for a good one. */
export function mistakeInUse(use: GatewayDirectiveUse, document: DocumentNode): EventMistake | undefined {
  const { directive, coordinate, args } = use;
  const [type, operation] = directive === 'event' ? ['Subscription', 'subscription'] : ['Mutation', 'mutation'];
  const node = locate(document, coordinate);
  if (!coordinate.startsWith(`${type}.`) || node?.kind !== Kind.FIELD_DEFINITION)
    return { message: `it belongs on fields of the ${operation} type.` };
  if (args.source === '')
    return { message: 'the source is empty; expected the name of one in `events` of the config.' };
  const topic = readTopic(String(args.topic), directive === 'event');
  if ('mistake' in topic) return { message: `"${args.topic}" is no topic: ${topic.mistake}`, hint: TOPIC_HINT };
  const ofArguments = mistakeInArguments(topic, node, document);
  if (ofArguments) return ofArguments;
  if (directive === 'publish') return mistakeInResult(node, document);
  return args.payload === 'FULL' ? undefined : mistakeInEntity(node, document);
}

const TOPIC_HINT = 'Write it like "order.{args.id}.updated".';

function mistakeInArguments(
  { parts }: TopicTemplate,
  field: FieldDefinitionNode,
  document: DocumentNode,
): EventMistake | undefined {
  for (const part of parts) {
    const mistake = typeof part === 'string' ? undefined : mistakeInPath(part.path, field, document);
    if (mistake) return mistake;
  }
  return undefined;
}

function mistakeInPath(
  path: readonly string[],
  field: FieldDefinitionNode,
  document: DocumentNode,
): EventMistake | undefined {
  const place = `{args.${path.join('.')}}`;
  let [owner, members]: [string, readonly InputValueDefinitionNode[]] = ['the field', field.arguments ?? []];
  for (const [index, name] of path.entries()) {
    const member = members.find((one) => one.name.value === name);
    if (member === undefined) {
      const known = members.map((one) => one.name.value).join(', ');
      const hint = known === '' ? undefined : `There are: ${known}.`;
      return { message: `${place} has no value: ${owner} has no argument "${name}".`, hint };
    }
    const bare = member.type.kind === Kind.NON_NULL_TYPE ? member.type.type : member.type;
    if (bare.kind === Kind.LIST_TYPE)
      return { message: `${place} is a list, and a topic has one value in each place.` };
    if (bare === member.type && (member.defaultValue === undefined || member.defaultValue.kind === Kind.NULL))
      return { message: `${place} may be null.`, hint: `Write ${bare.name.value}!, or give it a default.` };
    const isInput = isInputObject(bare.name.value, document);
    if (isInput === (index === path.length - 1))
      return { message: `${place} is ${isInput ? 'an object' : 'no object'}; expected a value of one field.` };
    owner = `"${bare.name.value}"`;
    members = inputFields(bare.name.value, document);
  }
  return undefined;
}

/** Checks that an event is an entity, whose key a message can have. */
function mistakeInEntity(field: FieldDefinitionNode, document: DocumentNode): EventMistake | undefined {
  const name = namedType(field.type);
  const members = possibleTypes(name, document);
  const hint = 'Add a @key, or write `payload: FULL` where messages have the whole value.';
  if (members.length === 0) return { message: `"${name}" is no object type of this file, so it is no entity.`, hint };
  const without = members.find((member) => firstKey(member, document) === undefined);
  return without === undefined ? undefined : { message: `"${without}" has no @key, so it is not an entity.`, hint };
}

/** Checks that the result of a mutation that sends a message is known: true, or an entity whose key is in the arguments. */
function mistakeInResult(field: FieldDefinitionNode, document: DocumentNode): EventMistake | undefined {
  const bare = field.type.kind === Kind.NON_NULL_TYPE ? field.type.type : field.type;
  const name = namedType(bare);
  if (bare.kind === Kind.NAMED_TYPE && name === 'Boolean') return undefined;
  const hint = 'Return Boolean, or an entity whose key is in the arguments.';
  const key = bare.kind === Kind.NAMED_TYPE ? firstKey(name, document) : undefined;
  if (key === undefined) return { message: 'the type of the field is neither Boolean nor an entity.', hint };
  const known = messageFields(field, document);
  const missing: string[] = [];
  forEachTopField(parseFieldSet(key), ({ name: { value } }) => {
    if (!known.includes(value)) missing.push(value);
  });
  if (missing.length === 0) return undefined;
  return { message: `"${missing[0]}" of the key of "${name}" is in no argument.`, hint };
}

/** Returns the members of the message that a mutation sends: its arguments, or the fields of the only one if that is an object. */
function messageFields(field: FieldDefinitionNode, document: DocumentNode): string[] {
  const args = field.arguments ?? [];
  const [only] = args;
  const isSpread = args.length === 1 && only !== undefined && isInputObject(namedType(only.type), document);
  const members = isSpread && only ? inputFields(namedType(only.type), document) : args;
  return members.map(({ name }) => name.value);
}

function firstKey(type: string, document: DocumentNode): string | undefined {
  const [key] = objectNodes(document)
    .filter(({ name }) => name.value === type)
    .flatMap((node) => [...directiveUses(node, 'key'), ...directiveUses(node, 'federation__key')]);
  return key === undefined ? undefined : String(key.fields);
}

function possibleTypes(name: string, document: DocumentNode): string[] {
  const objects = objectNodes(document);
  if (objects.some((node) => node.name.value === name)) return [name];
  const members = document.definitions.flatMap((node) =>
    (node.kind === Kind.UNION_TYPE_DEFINITION || node.kind === Kind.UNION_TYPE_EXTENSION) && node.name.value === name
      ? (node.types ?? []).map((type) => type.name.value)
      : [],
  );
  const implementing = objects.filter(({ interfaces }) => interfaces?.some((one) => one.name.value === name));
  return [...new Set([...members, ...implementing.map((node) => node.name.value)])];
}

function objectNodes({ definitions }: DocumentNode): (ObjectTypeDefinitionNode | ObjectTypeExtensionNode)[] {
  return definitions.filter(
    (node) => node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION,
  );
}

function isInputObject(name: string, { definitions }: DocumentNode): boolean {
  return definitions.some((node) => node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION && node.name.value === name);
}

function inputFields(name: string, { definitions }: DocumentNode): InputValueDefinitionNode[] {
  return definitions.flatMap((node) => {
    const isInput = node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION || node.kind === Kind.INPUT_OBJECT_TYPE_EXTENSION;
    return isInput && node.name.value === name ? (node.fields ?? []) : [];
  });
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
