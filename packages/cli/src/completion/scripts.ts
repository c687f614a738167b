/** The shells that there is a completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/**
 * The text that a shell reads to complete the program's words. It asks the program itself, so that it
 * always fits, with `completion candidates` and the words up to the cursor. Where there is nothing to
 * offer, names of files are.
 */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_sealift() {
  local IFS=$'\\n' word
  local -a words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while read -r word; do
    [[ $word == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" completion candidates -- "\${words[@]}" 2>/dev/null)
}
COMP_WORDBREAKS=\${COMP_WORDBREAKS//@}
complete -o default -F _sealift sealift
`,
  zsh: `#compdef sealift
_sealift() {
  local -a candidates
  candidates=(\${(f)"$($words[1] completion candidates -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#candidates )); then
    compadd -a candidates
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_sealift" ]; then
  _sealift "$@"
else
  compdef _sealift sealift
fi
`,
  fish: `function __sealift_candidates
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion candidates -- $words[2..-1] 2>/dev/null
end
complete -c sealift -a '(__sealift_candidates)'
`,
}
