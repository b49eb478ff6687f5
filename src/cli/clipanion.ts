/**
 * The parts of clipanion that banger uses. Its main module also loads what it needs to run programs of its
 * own, opens stdin and looks at the terminal, which costs every command several milliseconds.
 */
export { Command } from 'clipanion/lib/advanced/Command.js';
export * as Option from 'clipanion/lib/advanced/options/index.js';
export { CliBuilder, type CommandBuilder } from 'clipanion/lib/core.js';
