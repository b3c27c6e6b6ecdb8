import { type Client, createClient, createConfig } from './generated/client/index.js';
import type { ClientOptions } from './generated/types.gen.js';
import { asError } from './problems.js';

export type { Client };

/**
 * A client of the gateway at a URL, such as `http://127.0.0.1:8000`, with an API key. Give it to
 * each operation: `getJob({ client, path: { job_id } })`.
 *
 * Redirects are not followed, as the key would go with them.
 */
export function connect(url: string, apiKey: string): Client {
  const client = createClient(
    createConfig<ClientOptions>({
      baseUrl: url.replace(/\/+$/, ''),
      // The key is accepted in two headers, and one is enough.
      auth: ({ scheme }) => (scheme === 'bearer' ? apiKey : undefined),
      redirect: 'error',
      throwOnError: true,
    }),
  );
  client.interceptors.error.use(asError);
  return client;
}
