/** The small program holds the everyday commands only; what loads any other part meets this instead. */
export class NeedsWholeProgram extends Error {}
