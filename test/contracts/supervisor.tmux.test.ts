import { supervisorContract } from './supervisor.ts'
import { tmuxStage } from './tmux-stage.ts'

supervisorContract('tmux (own server)', () => tmuxStage('own'))
supervisorContract("tmux (user's server)", () => tmuxStage('default'))
