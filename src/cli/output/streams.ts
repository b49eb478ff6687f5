/**
 * Our output, opened when something is written: that takes a while, and most commands write to one stream
 * only. A reader that went away, as in `banger vm list | head -1`, ends us without a word.
 */
export const output = {
  get results(): NodeJS.WriteStream {
    return guarded(process.stdout);
  },
  get diagnostics(): NodeJS.WriteStream {
    return guarded(process.stderr);
  },
};

function guarded(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (stream.listenerCount('error') === 0) stream.on('error', () => process.exit(1));
  return stream;
}
