export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

// Each asks `roam complete` with the line up to the cursor. The first line of the answer says
// whether the shell completes paths, each further one is a candidate, a tab, what it is about.

const BASH = `# bash completion of roam; put into ~/.bashrc: source <(roam completion bash)
_roam() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" paths value about
  [ "$cur" = ":" ] || [ "$cur" = "=" ] && cur=""
  COMPREPLY=()
  {
    IFS= read -r paths
    while IFS=$'\\t' read -r value about; do COMPREPLY+=("$value"); done
  } < <(roam complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
  case "$paths" in
    files) compopt -o filenames; while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$cur") ;;
    directories) compopt -o filenames; while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$cur") ;;
  esac
  case "\${COMPREPLY[0]}" in *:) compopt -o nospace ;; esac
}
complete -F _roam roam
`;

const ZSH = `#compdef roam
# zsh completion of roam; put into ~/.zshrc, behind compinit: source <(roam completion zsh)
_roam() {
  local -a lines described
  local line paths
  lines=("\${(@f)$(roam complete zsh "\${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null </dev/null)}")
  paths=$lines[1]
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] && described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#described )) && _describe -V roam described
  case $paths in
    files) _files ;;
    directories) _files -/ ;;
  esac
}
compdef _roam roam
`;

const FISH = `# fish completion of roam; put into ~/.config/fish/completions/roam.fish: roam completion fish > that file
function __roam_complete
  set -l lines (roam complete fish (commandline -cp | string collect) 2>/dev/null </dev/null)
  test (count $lines) -gt 1; and printf '%s\\n' $lines[2..-1]
  switch "$lines[1]"
    case files
      __fish_complete_path (commandline -ct)
    case directories
      __fish_complete_directories (commandline -ct)
  end
end
complete -c roam -f -a '(__roam_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
