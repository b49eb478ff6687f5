/**
 * The arguments of GNU tar(1) for an archive of the user's files that is unpacked in a guest: whatever tar the
 * guest has reads it, and all becomes root's. Names are given and told with escapes.
 */
export const tarForGuests: readonly string[] = [
  '--create',
  '--file=-',
  // 64 KiB, what a pipe holds, in place of 10 KiB at once.
  '--blocking-factor=128',
  // Whole seconds, which is what git compares, in a form that every tar reads.
  '--format=gnu',
  '--owner=root:0',
  '--group=root:0',
  '--numeric-owner',
  // A set-uid program of the user's is not to become one of the guest's root.
  '--mode=ug-s',
  '--quoting-style=escape',
];
