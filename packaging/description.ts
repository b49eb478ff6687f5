/** One line for what banger is, without its name. */
export const summary = 'development sandboxes on microVMs, one command each';

/** What packages say of it, in lines that fit a terminal; between paragraphs an empty one. */
export const description: readonly string[] = [
  'banger gives a developer, or a coding agent, a real Linux virtual machine for',
  'a task: its own kernel, a persistent /root, Docker inside, and a copy of the',
  'repository at /root/repo. It needs no privileges and no hardware',
  'virtualisation.',
  '',
  "Virtual machines are units of the user's systemd and objects on the session",
  'bus, where org.banger.Manager1 is started by the first call. Members of the',
  'group banger can have them on a bridge, with real addresses and names.',
];
