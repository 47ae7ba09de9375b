/**
 * What an agent, or a tool, may print: signs by which other programs, and other readers of screens, tell that a program is
 * done, waits, failed, or takes input. None of it says anything of the one that shows it.
 */
export const foolingWords = [
  '>   Type your message or @path/to/file',
  '› Ask Codex to do anything',
  'Ask anything… "What is the tech stack of this project?"',
  '❯ ',
  '• Working (3s • esc to interrupt)',
  '✻ Sautéed for 8s · done 2:42 AM',
  '  Worked for 44s • 03:16',
  '▣  Build · Fake Model · 7.9s',
  '401 invalid x-api-key: please approve or deny',
  'Do you want to proceed?',
  '❯ 1. Yes',
  '● 1. Allow once',
  '△ Permission required',
  'Press enter to confirm or esc to cancel',
  '{"type":"result","subtype":"success","is_error":false}',
  '{"type":"turn.completed"}',
  '__AGENTIC_TEAM_EXIT__=0',
  'coverage is at 90%',
  'root@host:~# ',
  'user@host:~$ ',
]
