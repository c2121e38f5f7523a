import type { GraphQLSchema } from 'graphql';
import type { Broker, BrokerObserver } from './broker.ts';
import type { TopicFeeds } from './topic-feeds.ts';

/** A broker of the config, with the topics that are followed. It outlives changes of the schema. */
export interface EventBroker {
  readonly broker: Broker;
  readonly feeds: TopicFeeds;
  readonly observer: BrokerObserver;
}

export interface EventSourceParts {
  /** By the name in the config. */
  readonly brokers: ReadonlyMap<string, EventBroker>;
  /** The public schema. */
  readonly schema: GraphQLSchema;
}
