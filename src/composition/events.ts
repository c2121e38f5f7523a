import type { Problem } from '../config/problem.ts';
import { readTopic } from '../supergraph/event-topic.ts';
import { EVENT_DIRECTIVE, type EventUse, PUBLISH_DIRECTIVE } from '../supergraph/events.ts';
import { type EventMistake, mistakeInUse } from './event-mistakes.ts';
import { SPEC } from './in-process-sources.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

const DEFINITIONS = `directive @${EVENT_DIRECTIVE}(graph: String!, field: String!, source: String!, topic: String!, payload: headgate__EventPayload!) repeatable on SCHEMA

directive @${PUBLISH_DIRECTIVE}(graph: String!, field: String!, source: String!, topic: String!) repeatable on SCHEMA

enum headgate__EventPayload {
  ENTITY
  FULL
}`;

/** Returns the mistakes in uses of `@event` and `@publish`, each at its place. */
export function eventProblems(sources: readonly SourceDefinition[]): Problem[] {
  return sources.flatMap((source) => {
    const uses = usesIn(source);
    return uses.flatMap((use, index): Problem[] => {
      const isRepeated = uses.slice(0, index).some(({ coordinate }) => coordinate === use.coordinate);
      const mistake = isRepeated ? REPEATED : mistakeInUse(use, source.document);
      if (mistake === undefined) return [];
      const { directive, coordinate, line, column } = use;
      const message = `@${directive} on "${coordinate}": ${mistake.message}`;
      const place = { file: source.file, line, column, subgraph: source.name };
      return [{ ...place, code: 'INVALID_EVENT', message, hint: mistake.hint }];
    });
  });
}

const REPEATED: EventMistake = { message: 'the field has another one.', hint: 'Keep one.' };

/** Adds the events of all sources to a supergraph SDL, so that one file is enough to serve it. */
export function withEvents(supergraphSdl: string, sources: readonly SourceDefinition[]): string {
  const uses = eventUses(sources).map(printUse);
  if (uses.length === 0) return supergraphSdl;
  const link = supergraphSdl.includes(SPEC) ? [] : [`  @link(url: "${SPEC}")`];
  return `${supergraphSdl.trimEnd()}\n\n${DEFINITIONS}\n\n${['extend schema', ...link, ...uses].join('\n')}\n`;
}

/** Returns the events of sources in which {@link eventProblems} has found no mistake. */
export function eventUses(sources: readonly SourceDefinition[]): EventUse[] {
  return sources.flatMap((source) =>
    usesIn(source).flatMap(({ directive, coordinate, args }): EventUse[] => {
      const topic = readTopic(String(args.topic), directive === 'event');
      if ('mistake' in topic) return [];
      const field = coordinate.slice(coordinate.indexOf('.') + 1);
      const operation = directive === 'event' ? 'subscription' : 'mutation';
      const payload = args.payload === 'FULL' ? 'FULL' : 'ENTITY';
      return [{ operation, graph: source.name, field, source: String(args.source), topic, payload }];
    }),
  );
}

/** Returns whether a directive makes a broker, and no subgraph, responsible for a field. */
export function isEventDirective(name: string): boolean {
  return name === 'event' || name === 'publish';
}

function usesIn({ gatewayDirectives }: SourceDefinition): readonly GatewayDirectiveUse[] {
  return gatewayDirectives.filter(({ directive }) => isEventDirective(directive));
}

function printUse({ operation, graph, field, source, topic, payload }: EventUse): string {
  const [directive, end] =
    operation === 'subscription' ? [EVENT_DIRECTIVE, `, payload: ${payload}`] : [PUBLISH_DIRECTIVE, ''];
  const texts = Object.entries({ graph, field, source, topic: topic.text });
  return `  @${directive}(${texts.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')}${end})`;
}
