/** What a bot may react with on Telegram, as its Bot API lists it. */
export const reactions = [
  '❤', '👍', '👎', '🔥', '🥰', '👏', '😁', '🤔', '🤯', '😱', '🤬', '😢', '🎉', '🤩', '🤮', '💩', '🙏', '👌', '🕊', '🤡', '🥱', '🥴', '😍', '🐳', '❤‍🔥',
  '🌚', '🌭', '💯', '🤣', '⚡', '🍌', '🏆', '💔', '🤨', '😐', '🍓', '🍾', '💋', '🖕', '😈', '😴', '😭', '🤓', '👻', '👨‍💻', '👀', '🎃', '🙈', '😇', '😨',
  '🤝', '✍', '🤗', '🫡', '🎅', '🎄', '☃', '💅', '🤪', '🗿', '🆒', '💘', '🙉', '🦄', '😘', '💊', '🙊', '😎', '👾', '🤷‍♂', '🤷', '🤷‍♀', '😡',
] as const

/** The listed form of an emoji: keyboards add a mark that asks for colour, which the list leaves out. Null where it is not in it. */
export function reactionOf(emoji: string): (typeof reactions)[number] | null {
  const plain = emoji.trim().replaceAll('\uFE0F', '')
  return reactions.find((each) => each === plain) ?? null
}
