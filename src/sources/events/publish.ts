import { type FieldNode, type GraphQLSchema, getNullableType, isInputObjectType } from 'graphql';
import { stringifyJson } from '../../shared/exact-json.ts';
import { renderTopic } from '../../supergraph/event-topic.ts';
import type { Subgraph } from '../../supergraph/supergraph.ts';
import type { SourceRequest, SubgraphResponse } from '../source.ts';
import { NotSentError } from './broker.ts';
import type { EventSourceParts } from './event-broker.ts';
import { reasonWithKey } from './event-keys.ts';
import { argumentsOf, type EventRequest, readEventRequest, responseKey } from './event-request.ts';
import { selectFrom } from './event-value.ts';

interface PublishError {
  readonly message: string;
  readonly extensions: { readonly code: string };
}

/**
 * Sends the messages of a mutation, one after the other. The value of a field is true, or the entity that its message is about; it is
 * null, with an error, where the message could not be sent.
 */
export async function publishAll(
  subgraph: Subgraph,
  parts: EventSourceParts,
  sent: SourceRequest,
): Promise<SubgraphResponse> {
  const request = readEventRequest(sent);
  const data: Record<string, unknown> = Object.create(null);
  const errors: unknown[] = [];
  for (const field of request.fields) {
    const key = responseKey(field);
    const result = await publish(subgraph, parts, request, field);
    if (isError(result)) errors.push({ ...result, path: [key] });
    data[key] = isError(result) ? null : result.value;
  }
  const text = stringifyJson(errors.length === 0 ? { data } : { data, errors }) ?? '';
  return { kind: 'text', text, status: 200 };
}

async function publish(
  { events, types }: Subgraph,
  { brokers, schema }: EventSourceParts,
  request: EventRequest,
  field: FieldNode,
): Promise<{ readonly value: unknown } | PublishError> {
  const event = events?.fields.get(`Mutation.${field.name.value}`);
  const broker = event && brokers.get(event.source);
  if (event === undefined || broker === undefined) return errorOf('INTERNAL_SERVER_ERROR', 'There is no such event.');
  const values = argumentsOf(field, 'mutation', request, schema);
  const topic = renderTopic(event.topic, values);
  if (typeof topic !== 'string') return errorOf('BAD_USER_INPUT', topic.mistake);
  const message = messageOf(field.name.value, values, schema);
  try {
    await broker.broker.publish(topic, stringifyJson(message) ?? '{}');
  } catch (error) {
    broker.observer.published(false);
    const reason = error instanceof NotSentError ? reasonWithKey(event.source, error.failure) : 'unknown';
    if (error instanceof NotSentError) broker.observer.refused(topic, error.failure);
    return errorOf(
      'SUBREQUEST_HTTP_ERROR',
      `The message was not sent to the event source "${event.source}": ${reason}.`,
    );
  }
  broker.observer.published(true);
  const isObject = field.selectionSet !== undefined;
  return { value: isObject ? selectFrom(message, event.type, field.selectionSet, request, types) : true };
}

/** Returns the message for the arguments: their values by name, or the fields of the only one that the field has if that is an object. */
function messageOf(name: string, values: Readonly<Record<string, unknown>>, schema: GraphQLSchema): unknown {
  const [only, ...others] = schema.getMutationType()?.getFields()[name]?.args ?? [];
  const isSpread = only !== undefined && others.length === 0 && isInputObjectType(getNullableType(only.type));
  return isSpread ? values[only.name] : values;
}

function isError(result: { readonly value: unknown } | PublishError): result is PublishError {
  return 'message' in result;
}

function errorOf(code: string, message: string): PublishError {
  return { message, extensions: { code } };
}
