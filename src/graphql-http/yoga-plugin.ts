/**
 * A plugin of GraphQL Yoga or Envelop: an object with hooks, such as `onExecute` or `onResponse`. Yoga itself declares the hooks; the
 * types here do without it, so that a program which brings no plugin needs no types of Yoga.
 */
export type YogaPlugin = object;
