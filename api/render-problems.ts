import { Marked } from 'marked'

/** A paragraph for whoever runs the API, not for who calls it. */
const forOperators = /^_Operators:_ (?:.+\n?)+/gm

const markdown = new Marked({
  renderer: {
    // Pages that the API does not serve are named, and not led to.
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens)
      return href.startsWith('#') ? `<a href="${href}">${text}</a>` : text
    },
    // With ids as GitHub gives them, so that a problem's type leads to its heading here as there.
    heading({ tokens, depth, text }) {
      const id = text
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-')
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`
    },
  },
})

/** Renders docs/problems.md for callers, in HTML. */
export function renderProblems(source: string): string {
  const body = markdown.parse(source.replace(forOperators, ''), { async: false })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problem documents</title>
<link rel="icon" href="data:,">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
h3 { font-family: ui-monospace, monospace; margin-bottom: 0 }
:target { background: #fd6 }
</style>
</head>
<body>
${body}</body>
</html>
`
}
