/** Programs whose words hold other commands, and where those stand. */

const named = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/))

/** What follows them is a command, behind options of their own. */
export const wrappers = named(
  `env sudo doas nohup time command builtin exec nice ionice timeout stdbuf setsid xargs watch find parallel chroot unshare flock script strace
  ltrace proxychains proxychains4 unbuffer caffeinate busybox toybox coproc function su runuser gosu su-exec pkexec setpriv taskset chrt numactl
  prlimit setarch linux32 linux64 fakeroot faketime rlwrap entr tini dumb-init systemd-run start-stop-daemon hyperfine tmux screen dtach abduco
  expect concurrently nodemon npx bunx pnpx cross-env dotenv dotenvx firejail bwrap nsenter torsocks torify xvfb-run dbus-run-session eatmydata
  valgrind perf doppler nix-shell`,
)

/** Of these a command may be one word: they give it to a shell. */
export const takesText = named('env watch script flock parallel tmux screen expect entr hyperfine concurrently nodemon npx bunx pnpx su runuser nix-shell')

export const keywords = named('then do else elif if while until ! {')

/** Behind this word of theirs a command follows. */
export const delegates: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    'npm pnpm yarn bun': 'exec x dlx',
    'uv poetry pipenv pdm hatch rye conda mamba micromamba docker podman nerdctl nix': 'run exec shell develop',
    'bundle mise asdf rbenv pyenv nodenv volta direnv devbox': 'exec x run',
    'fd fdfind': '-x --exec -X --exec-batch',
    ip: 'exec',
  }).flatMap(([programs, words]) => programs.split(' ').map((program) => [program, named(words)])),
)

export const shells = /^(?:ba|z|k|da|a|fi|c|tc|mk|lk|pdk|ya|r|rba|o|xon|elvi|po)?sh(?:-?[\d.]+)?$|^nu$/
export const interpreters = /^(?:python[\d.]*|pypy[\d.]*|node|nodejs|deno|bun|perl[\d.]*|ruby[\d.]*|php[\d.]*|lua(?:jit|[\d.]*)|[gmn]?awk|tclsh|osascript|rscript|pwsh|tsx|ts-node|julia|guile|racket|groovy|jshell|swift|elixir|escript|ghci|runghc|scala)$/

/** How each language takes code in a word: by itself, or joined to its option. Others as perl does. */
const codeOptions: readonly { name: RegExp; apart: RegExp; joined: RegExp }[] = [
  { name: /^(?:python|pypy)/, apart: /^-[A-Za-z]*c$/, joined: /^-[BEIOPRSdisuvx]*c./ },
  { name: /^php/, apart: /^-[A-Za-z]*[rBRE]$/, joined: /^-[rBRE]./ },
  { name: /^(?:node|nodejs|bun|deno|tsx|ts-node)$/, apart: /^(?:-[a-z]*[ep]|--eval|--print|eval)$/, joined: /^--(?:eval|print)=/ },
  { name: /^pwsh$/, apart: /^-(?:c|command|e|ec|encodedcommand)$/i, joined: /^-(?:c|command):/i },
  { name: /awk$/, apart: /^-e$/, joined: /^-e.|^--source=/ },
]
const perls = { apart: /^(?:-[A-Za-z]*[eE]|--eval|eval)$/, joined: /^-[A-Za-z]*[eE].|^--eval=/ }

export function codeOption(name: string): { apart: RegExp; joined: RegExp } {
  return codeOptions.find((each) => each.name.test(name)) ?? perls
}

/** Options of theirs that have a value, and those of them whose value is run too. */
export const valued = /^(?:-[rCWXIdfl]|--(?:require|import|loader|experimental-loader|preload|conditions|env-file|config))$/
export const preloads = /^(?:-r|--require|--import|--loader|--experimental-loader|--preload)$/

/** Programs that can be told to run something, in a word with other things in it. */
export const escapesTo = /^(?:g?sed|vi|vim|nvim|view|ex|ed|emacs|less|more|man|zip|sort|split|sqlite3|psql|mysql|gdb|lldb|rg|ripgrep|xterm|mutt|ftp)$/
export const toldTo = /!|\b(?:system|shell|exec|term|spawn|pre|compress-program|filter|pager)\b|[\s;{}\d$/]e\s+\S|[/|#,@!][\w]*e\w*$|^-TT|^-P|^e\s/

/** Variables that name a program, or hold a command, for programs that look at them. */
export const commandVariables = /^(?:GIT_(?:SSH|SSH_COMMAND|EDITOR|SEQUENCE_EDITOR|PAGER|EXTERNAL_DIFF|ASKPASS|PROXY_COMMAND|CONFIG_VALUE_\d+|CONFIG_PARAMETERS)|SSH_ASKPASS|EDITOR|VISUAL|PAGER|MANPAGER|LESSOPEN|LESSCLOSE|BASH_ENV|ENV|PROMPT_COMMAND|BROWSER|SHELL|RSYNC_RSH|CVS_RSH|TAR_OPTIONS|npm_config_(?:script_shell|git|editor|viewer))\+?=/

/** Settings of git that name a program. */
export const gitCommands =
  /^(?:--\S+=)?(?:alias\.|core\.(?:ssh|pager|editor|fsmonitor|hooks|askpass|gitproxy|attributes)|credential\.|diff\.(?:external|.*\.(?:command|textconv))|sequence\.editor|gpg\.|filter\.|merge\..*driver|(?:diff|merge|man|browser)(?:tool)?\..*\.(?:cmd|path)|remote\..*\.(?:receivepack|uploadpack|vcs)|pager\.|interactive\.difffilter|sendemail\.|include(?:if)?\.|protocol\.|uploadpack\.|init\.templatedir|trailer\..*\.(?:command|cmd)|submodule\..*\.update)/i

/** Options of git's words that take a command. */
export const gitTakes: Readonly<Record<string, RegExp>> = {
  rebase: /^(?:-x|--exec)(?:=|$)/,
  difftool: /^(?:-x|--extcmd)(?:=|$)/,
  grep: /^(?:-O|--open-files-in-pager(?:=|$))/,
  clone: /^(?:-u|--upload-pack|--template)(?:=|$)/,
  fetch: /^--upload-pack(?:=|$)/,
  pull: /^--upload-pack(?:=|$)/,
  'ls-remote': /^(?:--upload-pack|--exec)(?:=|$)/,
  'fetch-pack': /^(?:--upload-pack|--exec)(?:=|$)/,
  archive: /^--exec(?:=|$)/,
  'filter-branch': /^--[a-z-]*(?:filter|setup)(?:=|$)/,
}
