import { createServer, type Server } from 'node:net';

/** Serves the API socket of a slirp4netns that forwards nothing. @param taken the host's ports that somebody else has */
export async function serveSlirp(path: string, taken: ReadonlySet<number>): Promise<Server> {
  const entries = new Map<number, object>();
  const perform = ({ execute, arguments: args }: { execute: string; arguments: Record<string, unknown> }) => {
    if (execute === 'list_hostfwd') return { entries: [...entries].map(([id, entry]) => ({ id, ...entry })) };
    if (execute === 'remove_hostfwd') {
      entries.delete(Number(args.id));
      return { return: {} };
    }
    if (taken.has(Number(args.host_port)))
      return { error: { desc: 'bad request: add_hostfwd: slirp_add_hostfwd failed' } };
    const id = Math.max(0, ...entries.keys()) + 1;
    entries.set(id, args);
    return { return: { id } };
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    let question = '';
    client.on('data', (chunk) => {
      question += chunk;
    });
    client.on('end', () => client.end(JSON.stringify(perform(JSON.parse(question)))));
    client.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server.unref();
}
