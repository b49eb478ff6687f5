import { CliBuilder, Command, type CommandBuilder } from './clipanion.ts';
import { type BangerCommand, type CommandType, negatable } from './command.ts';

/** An option or argument, as clipanion leaves it in the fields of a new command. */
interface Definition {
  definition(builder: CommandBuilder<CommandType>, key: string): void;
  transformer(builder: CommandBuilder<CommandType>, key: string, state: unknown, context: unknown): unknown;
}

/**
 * The command with the options that these words give it.
 * @throws clipanion's errors, for `describeSyntaxError`
 */
export function parseCommand(
  type: CommandType,
  words: readonly string[],
  guestCommand: readonly string[] | undefined,
): BangerCommand {
  const { cli, command, builder, definitions } = prepare(type);
  const state = cli.compile().process([...words]);
  for (const [key, definition] of definitions) {
    Object.assign(command, { [key]: definition.transformer(builder, key, state, command.context) });
  }
  command.guestCommand = guestCommand;
  return command;
}

/** The options of a command as clipanion knows them, so that none can be missing from the help. */
export function listOptions(type: CommandType): { definition: string; description: string }[] {
  const { options } = prepare(type).builder.usage({ detailed: true, inlineOptions: false });
  return options.map(({ definition, description }) =>
    description.startsWith(negatable)
      ? { definition: `${definition},--no${definition.slice(1)}`, description: description.slice(1) }
      : { definition, description },
  );
}

function prepare(type: CommandType) {
  const cli = new CliBuilder<CommandType>();
  const command = new type();
  const builder = cli.command();
  builder.setContext(type);
  const definitions = Object.entries(command).filter((entry): entry is [string, Definition] =>
    isDefinition(entry[1]),
  );
  for (const [key, { definition }] of definitions) definition(builder, key);
  return { cli, command, builder, definitions };
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && Command.isOption in value;
}
