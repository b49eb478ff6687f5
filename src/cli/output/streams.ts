import { getMessage, getSystemCode } from '../../common/errors.ts';

/**
 * Our output, opened when something is written: that takes a while, and most commands write to one stream
 * only. A reader that went away, as in `banger vm list | head -1`, ends us without a word. A terminal that
 * went away tells so with SIGHUP: what is left to do is done without it.
 */
export const output = {
  get results(): NodeJS.WriteStream {
    return guarded(process.stdout);
  },
  get diagnostics(): NodeJS.WriteStream {
    return guarded(process.stderr);
  },
};

const used = new Set<NodeJS.WriteStream>();

/** Resolves when all that was written has left us: a pipe takes no more than its reader makes room for. */
export async function flushed(): Promise<void> {
  const pending = [...used].filter((stream) => stream.writableLength > 0);
  await Promise.all(
    pending.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
}

function guarded(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (!used.has(stream)) stream.on('error', (error) => failed(stream, error));
  used.add(stream);
  return stream;
}

function failed(stream: NodeJS.WriteStream, error: Error): void {
  const code = getSystemCode(error);
  if (code === 'EIO' || code === 'ERR_STREAM_DESTROYED') return;
  if (code !== 'EPIPE' && stream === process.stdout)
    output.diagnostics.write(`banger: the output cannot be written: ${getMessage(error)}\n`);
  process.exit(1);
}
