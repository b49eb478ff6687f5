/** Completion for bash 4.4 and later, with or without the package bash-completion. */
export const bashScript = String.raw`# bash completion for banger
#
# With the package bash-completion, for all sessions to come:
#   mkdir -p ~/.local/share/bash-completion/completions
#   banger completion bash > ~/.local/share/bash-completion/completions/banger
# Without it, in ~/.bashrc:
#   source <(banger completion bash)

_banger() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} words=() word blank i
  # Readline breaks words at = and : as well: what stands together in the line belongs together.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=${'$'}{line%%[![:space:]]*}
    line=${'$'}{line#"$blank"}
    word=${'$'}{COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$line
    if [[ $i -eq 0 || -n $blank ]]; then words+=("$word"); else words[-1]+=$word; fi
    line=${'$'}{line#"$word"}
  done
  local current=${'$'}{words[-1]} value
  unset 'words[-1]'

  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    case $value in
      :files) compopt -o default ;;
      :directories) compopt -o dirnames ;;
      *) COMPREPLY+=("$value") ;;
    esac
  done < <(banger __complete "=$current" "${'$'}{words[@]:1}" 2>/dev/null)

  # A name with a path to follow it.
  [[ ${'$'}{COMPREPLY[0]-} != *: ]] || compopt -o nospace
  # Readline puts candidates in the place of what follows the last break.
  local breaks=${'$'}{COMP_WORDBREAKS//[!=:]/}
  [[ -z $breaks ]] || COMPREPLY=("${'$'}{COMPREPLY[@]#"${'$'}{current%"${'$'}{current##*["$breaks"]}"}"}")
}

complete -F _banger banger
`;
