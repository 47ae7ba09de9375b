/**
 * Which calls are which action. A team names the actions that people decide on (`hitl.globally_sensitive_actions`);
 * this says how they are recognised.
 */
export interface CommandRule {
  program: RegExp
  /** The words that follow the program, options left out, in order; each an alternative of `|`. */
  words: readonly string[]
  /** Any of these names holds it. */
  actions: readonly string[]
}

const rule = (program: string, words: string, ...actions: string[]): CommandRule => ({
  program: new RegExp(`^(?:${program})$`),
  words: words === '' ? [] : words.split(' '),
  actions,
})

export const commandRules: readonly CommandRule[] = [
  rule('git', 'push|send-pack', 'publish', 'merge_to_main', 'release'),
  rule('git-push|git-send-pack|git-http-push', '', 'publish', 'merge_to_main', 'release'),
  rule('hub', 'push|merge|release|pull-request|sync', 'publish', 'merge_to_main', 'release'),
  rule('git', 'subtree push', 'publish', 'merge_to_main'),
  rule('git', 'lfs push', 'publish'),
  rule('git', 'send-email', 'external_email'),
  rule('svn|hg', 'commit|ci|push', 'publish', 'merge_to_main'),
  rule('jj', 'git push', 'publish', 'merge_to_main'),
  rule('gh', 'pr merge', 'merge_to_main'),
  rule('glab', 'mr merge', 'merge_to_main'),
  rule('gh|glab', 'release create|edit|upload|delete', 'release'),
  rule('gh|glab', 'pr|mr|issue create|comment|close|edit|review', 'publish', 'external_api_post'),
  rule('gh|glab', 'repo|gist|project|snippet create|edit|delete|fork|sync|rename|archive', 'publish'),
  rule('gh', 'workflow run', 'deploy', 'release'),
  rule('glab', 'ci run|trigger', 'deploy', 'release'),
  rule('npm|pnpm|yarn|bun|lerna|vsce|ovsx|jsr|deno|cargo|poetry|uv|flit|hatch|pdm|dart|flutter|mvn|sbt|cpan-upload', 'publish|pub|publ|publi|publis|unpublish|deprecate|dist-tag|dist-tags', 'publish', 'release'),
  rule('npm|pnpm|yarn', 'npm publish', 'publish', 'release'),
  rule('npx|bunx|pnpx', 'np|semantic-release|release-it|vercel|netlify|wrangler|firebase|gh-pages|surge|lerna', 'publish', 'release', 'deploy'),
  rule('semantic-release|release-it|np|goreleaser|changeset', '', 'publish', 'release'),
  rule('twine', 'upload', 'publish', 'release'),
  rule('gem', 'push|yank', 'publish', 'release'),
  rule('docker|podman|nerdctl|buildah|skopeo|crane|oras', 'push|copy', 'publish', 'deploy'),
  rule('docker|podman|nerdctl', 'image|manifest|compose push|publish', 'publish', 'deploy'),
  rule('docker-compose|podman-compose', 'push|publish', 'publish', 'deploy'),
  rule('gradle|gradlew', 'publish', 'publish', 'release'),
  rule('mvn|mvnw', 'deploy|release:perform|release:prepare', 'publish', 'release'),
  rule('dotnet', 'nuget push', 'publish', 'release'),
  rule('nuget', 'push', 'publish', 'release'),
  rule('kubectl|oc|k3s', 'apply|create|delete|replace|patch|edit|scale|set|rollout|run|expose|drain|cordon|annotate|label|autoscale|exec|cp', 'deploy'),
  rule('k3s', 'kubectl', 'deploy'),
  rule('helm|helmfile', 'install|upgrade|uninstall|rollback|delete|apply|sync|push', 'deploy'),
  rule('kustomize|skaffold|argocd|flux|tilt|ko', '', 'deploy'),
  rule('terraform|tofu|terragrunt|pulumi|cdk|cdktf|sam|serverless|sls|copilot|nomad', 'apply|destroy|up|deploy|import|run|remove', 'deploy'),
  rule('ansible|ansible-playbook|fab|cap|capistrano|deployctl|surge|gh-pages|dokku', '', 'deploy'),
  rule('fly|flyctl|vercel|netlify|wrangler|firebase|heroku|railway|render|eb|doctl|now|amplify|supabase|convex|kamal', 'deploy|publish|up|launch|scale|release|promote|rollback|apps|push|restart', 'deploy'),
  rule('vercel|now', '', 'deploy'),
  rule('aws', 'ses|sesv2 send-email|send-raw-email|send-templated-email|send-bulk-email', 'external_email'),
  rule('aws', 'route53|route53domains change-resource-record-sets|create-hosted-zone|delete-hosted-zone|update-domain-nameservers', 'dns_change'),
  rule('aws', 's3 cp|sync|mv|rm', 'deploy', 'publish'),
  rule('aws', 'lambda|ecs|ecr|cloudformation|s3api|elasticbeanstalk|apprunner|codedeploy|eks', 'deploy'),
  rule('gcloud', 'dns', 'dns_change'),
  rule('gcloud|gsutil', 'app|run|functions|deploy|compute|container|builds|rsync|cp', 'deploy'),
  rule('az', 'network', 'dns_change', 'deploy'),
  rule('az', 'webapp|functionapp|deployment|aks|containerapp|acr', 'deploy'),
  rule('doctl', 'compute domain', 'dns_change'),
  rule('nsupdate|flarectl|dnscontrol|octodns-sync|lexicon', '', 'dns_change'),
  rule('rndc|pdnsutil|knotc', '', 'dns_change'),
  rule('scp|rsync|sftp|ssh|mosh|lftp|ftp|rclone', '', 'deploy', 'publish'),
  rule('mail|mailx|s-nail|sendmail|msmtp|mutt|neomutt|swaks|ssmtp|exim|exim4|himalaya|mutt_dotlock|sendemail|aerc', '', 'external_email'),
  rule('stripe', 'charges|payment_intents|payment_links|payouts|transfers|refunds|invoices|subscriptions|checkout|post|trigger', 'payment'),
  rule('bitcoin-cli|lncli|cast|solana|monero-wallet-cli', 'send|sendtoaddress|sendmany|payinvoice|sendpayment|transfer|transfer_split', 'payment'),
]

/** Tools that are no shell, by their names. */
export const toolRules: readonly { tool: RegExp; actions: readonly string[] }[] = [
  { tool: /(send|reply|forward|compose)[\w-]*(e?mail|message|sms)|(e?mail|gmail|outlook|smtp|sendgrid|mailgun|postmark)[\w-]*(send|reply|forward)|send_sms/i, actions: ['external_email'] },
  { tool: /(create|make|send|confirm|capture)[\w-]*(payment|payout|charge|refund|transfer|invoice|order)|checkout|purchase|paypal|stripe[\w-]*(create|update|confirm)/i, actions: ['payment'] },
  { tool: /(create|update|delete|set|upsert)[\w-]*(dns|record_?set|hosted_?zone)|dns[\w-]*(create|update|delete|set)/i, actions: ['dns_change'] },
  { tool: /merge[\w-]*(pull|pr|mr|request|branch)/i, actions: ['merge_to_main'] },
  { tool: /(create|publish|update|delete)[\w-]*release/i, actions: ['release'] },
  { tool: /push[\w-]*(files|branch|commits?)|create_or_update_file|publish/i, actions: ['publish'] },
  { tool: /deploy|rollout|provision/i, actions: ['deploy'] },
  { tool: /(create|add|update|post|submit)[\w-]*(issue|comment|review|pull_request|discussion|gist|tweet|post|page)|http[\w-]*(post|put|patch|delete)/i, actions: ['external_api_post'] },
]

/** In programs of other languages, which are not parsed: what they would do it with. */
export const codeMentions: readonly { text: RegExp; actions: readonly string[] }[] = [
  { text: /smtplib|nodemailer|net\/smtp|Net::SMTP|PHPMailer|sendmail|\bmailx?\s+-s\b/i, actions: ['external_email'] },
  {
    text: /\b(requests|httpx|axios|session|client|http|got|ky|superagent|needle)\s*\.\s*(post|put|patch|delete)\s*\(|method\s*[:=]\s*["']?(POST|PUT|PATCH|DELETE)|urlopen\([^)]{0,300}data|HTTP::Post|Net::HTTP::Post|file_get_contents\([^)]{0,300}POST/i,
    actions: ['external_api_post'],
  },
]

/** git's own words that reach nobody else. Any other may be an alias. */
export const gitWords: ReadonlySet<string> = new Set(
  `add am annotate apply archive bisect blame branch bundle cat-file check-attr check-ignore check-mailmap checkout checkout-index cherry
  cherry-pick citool clean clone column commit commit-graph commit-tree config count-objects credential describe diff diff-files diff-index
  diff-tree difftool fast-export fast-import fetch fetch-pack filter-branch fmt-merge-msg for-each-ref format-patch fsck gc get-tar-commit-id
  grep gui hash-object help index-pack init interpret-trailers lfs log ls-files ls-remote ls-tree mailinfo mailsplit maintenance merge
  merge-base merge-file merge-index merge-tree mergetool mktag mktree multi-pack-index mv name-rev notes pack-objects pack-redundant pack-refs
  patch-id prune prune-packed pull push range-diff read-tree rebase reflog remote repack replace rerere reset restore rev-list rev-parse revert
  rm send-email send-pack shortlog show show-branch show-index show-ref sparse-checkout stage stash status stripspace submodule subtree switch
  symbolic-ref tag unpack-file unpack-objects update-index update-ref update-server-info var verify-commit verify-pack verify-tag version
  whatchanged worktree write-tree`.split(/\s+/),
)
