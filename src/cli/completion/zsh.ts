/** Completion for zsh with its completion system, compinit. */
export const zshScript = String.raw`#compdef banger
# zsh completion for banger
#
# For all sessions to come, into a directory of $fpath:
#   mkdir -p ~/.zfunc && banger completion zsh > ~/.zfunc/_banger
# and in ~/.zshrc, before compinit:
#   fpath=(~/.zfunc $fpath); autoload -Uz compinit && compinit
# Or in ~/.zshrc, after compinit:
#   source <(banger completion zsh)

_banger() {
  local -a whole open files
  local value description missing=1
  while IFS=$'\t' read -r value description; do
    case $value in
      :files) files=(_files) ;;
      :directories) files=(_files -/) ;;
      # A name with a path to follow it.
      *:) open+=("${'$'}{value//:/\\:}:$description") ;;
      *) whole+=("${'$'}{value//:/\\:}:$description") ;;
    esac
  done < <(banger __complete "=$PREFIX" "${'$'}{(@)words[2,CURRENT-1]}" 2>/dev/null)
  (( $#whole )) && _describe banger whole && missing=0
  (( $#open )) && _describe banger open -S '' && missing=0
  (( $#files )) && $files && missing=0
  return missing
}

if [[ ${'$'}{funcstack[1]} == _banger ]]; then _banger "$@"; else compdef _banger banger; fi
`;
