# Programs that mise installed, for login shells; interactive ones activate it in /etc/bash.bashrc.
PATH="$HOME/.local/share/mise/shims:$HOME/.local/bin:$PATH"
export PATH
