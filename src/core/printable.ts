// Control characters other than newline and tab could drive a terminal or end a paste; marks of direction, line
// separators and tag characters show something else than what a model reads.
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF\u{E0000}-\u{E007F}]/gu

/** Shows what a terminal would obey or hide: `\x1b`, `\u202e`, `\u{e0041}`. CRLF becomes a newline. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(control, (c) => {
    const hex = (c.codePointAt(0) ?? 0).toString(16)
    if (hex.length > 4) return `\\u{${hex}}`
    return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
  })
}

/** The same for what a person decides on: whatever takes no room is shown too, also where writing and emoji need it (joiners, soft hyphens, variation selectors). */
export function visible(text: string): string {
  return printable(text).replace(/\p{Default_Ignorable_Code_Point}/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Words of somebody else's in a header of ours: they cannot look like another field, or like the header's end. */
export function quoted(text: string): string {
  return JSON.stringify(printable(text)).replace(/[·[\]]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
