import type { Config } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import { hasWildcard } from '../supergraph/event-topic.ts';
import type { EventField } from '../supergraph/events.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { Mismatch } from './config-mismatches.ts';
import { unknownSubgraphs } from './unknown-subgraphs.ts';

type Parts = Pick<Supergraph, 'subgraphs'>;

/** Returns events of the schema that the brokers of the config cannot have. */
export function eventSources({ events }: Pick<Config, 'events'>, supergraph: Parts): Mismatch[] {
  const known = Object.keys(events);
  return fieldsOf(supergraph).flatMap(([of, coordinate, { operation, source, topic }]): Mismatch[] => {
    const directive = operation === 'subscription' ? '@event' : '@publish';
    const place = `${directive} on "${coordinate}" of the subgraph "${of}"`;
    const own = Object.hasOwn(events, source) ? events[source] : undefined;
    if (own === undefined) {
      const [near] = nearest(source, known);
      const others = known.length === 0 ? 'There are none.' : `There are: ${known.join(', ')}.`;
      const hint =
        near === undefined ? `${others} Add it to the config, with \`nats\` or \`redis\`.` : `Did you mean "${near}"?`;
      const message = `there is no event source "${source}", which ${place} names.`;
      return [{ path: ['events', source], code: 'UNKNOWN_EVENT_SOURCE', message, hint }];
    }
    if (own.redis === undefined || !hasWildcard(topic)) return [];
    const message = `is Redis, whose topics have no wildcards, and ${place} has the topic "${topic.text}".`;
    return [
      { path: ['events', source], code: 'NOT_SUPPORTED', message, hint: 'Use NATS, or a topic without "*" and ">".' },
    ];
  });
}

/** Returns settings of subgraphs for what brokers send: no request goes to a subgraph of that name. */
export function settingsOfEvents(config: Config, { subgraphs }: Parts): Mismatch[] {
  const events = new Set(subgraphs.flatMap(({ name, events }) => (events ? [name] : [])));
  if (events.size === 0) return [];
  const others = subgraphs.flatMap(({ name }) => (events.has(name) ? [] : [name]));
  return unknownSubgraphs(config, others).flatMap(({ path, name }) => {
    if (!events.has(name)) return [];
    const message = `has no effect: "${name}" has only events of brokers, and gets no requests.`;
    return [{ path, code: 'NOT_SUPPORTED', message, hint: 'Remove the key.' }];
  });
}

function fieldsOf({ subgraphs }: Parts): [of: string, coordinate: string, field: EventField][] {
  return subgraphs.flatMap(({ events }) =>
    [...(events?.fields ?? [])].map(([coordinate, field]): [string, string, EventField] => [
      events?.of ?? '',
      coordinate,
      field,
    ]),
  );
}
