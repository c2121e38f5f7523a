import { definePlugin } from 'headgate/plugin';

const CLASSES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'client',
  BAD_USER_INPUT: 'client',
  GRAPHQL_VALIDATION_FAILED: 'client',
  RATE_LIMITED: 'retry',
  SUBREQUEST_TIMEOUT: 'retry',
  SUBREQUEST_HTTP_ERROR: 'retry',
};

/** Adds `extensions.class` to each error: `client` (do not repeat the request), `retry` (repeat it later) or `server`. */
export default definePlugin({
  name: 'error-classification',
  reads: 'nothing',
  hooks: {
    onPayload({ payload }) {
      if (payload.errors.length === 0) return;
      payload.errors = payload.errors.map((error) => ({
        ...error,
        extensions: { ...error.extensions, class: CLASSES[String(error.extensions?.code)] ?? 'server' },
      }));
    },
  },
});
