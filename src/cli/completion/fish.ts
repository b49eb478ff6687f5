/** Completion for fish 3 and later. */
export const fishScript = String.raw`# fish completion for banger
#
# For all sessions to come:
#   banger completion fish > ~/.config/fish/completions/banger.fish
# For this one:
#   banger completion fish | source

function __banger_complete
    set -l current (commandline --current-token --cut-at-cursor)
    set -l before (commandline --tokenize --cut-at-cursor --current-process)
    set -e before[1]
    for line in (banger __complete "=$current" $before 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path $current
            case ':directories'
                __fish_complete_directories $current ''
            case '*'
                printf '%s\n' $line
        end
    end
end

complete --command banger --no-files --arguments '(__banger_complete)'
`;
