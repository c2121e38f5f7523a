type Json = Readonly<Record<string, unknown>>;

/** What the configuration says of OpenAPI documents. */
export interface DocumentSettings {
  readonly title?: string | undefined;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly contact?: Json | undefined;
  readonly license?: Json | undefined;
  readonly servers?: readonly Json[] | undefined;
  /** Beside the schemes of the gateway's own credentials, or in their place. */
  readonly securitySchemes?: Json | undefined;
  /** What endpoints need that the gateway itself answers to everyone. */
  readonly security?: readonly Json[] | undefined;
  /** The header that API keys come in. */
  readonly apiKeyHeader?: string | undefined;
  /** The cookie of a session, by client. */
  readonly sessionCookies?: ReadonlyMap<string, string> | undefined;
}

/** What a client's own settings say of its document, over those of all. */
export type ClientDocumentSettings = Pick<DocumentSettings, 'title' | 'version' | 'description'>;

/** The `info` and `servers` of a document. `client`: of its document; of all clients without it. */
export function aboutDocument(client: string | undefined, settings: DocumentSettings, own: ClientDocumentSettings) {
  const title = own.title ?? settings.title ?? (client === undefined ? 'Endpoints' : `Endpoints of ${client}`);
  return {
    info: {
      title,
      version: own.version ?? settings.version ?? '1',
      description: own.description ?? settings.description ?? 'Written by Headgate from the documents in bff/.',
      contact: settings.contact ?? { name: 'The team that runs this gateway' },
      license: settings.license ?? { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: settings.servers ?? [{ url: '/' }],
  };
}
