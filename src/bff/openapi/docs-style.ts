/** Style sheet of the documentation page. Colours have a contrast of at least 4.5 to 1, in light and dark mode. */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --text: #1c2127; --soft: #57606a; --line: #d0d7de; --back: #fff; --panel: #f6f8fa;
  --accent: #0a58ca; --good: #1a7f37; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9da7b3; --line: #30363d; --back: #0d1117;
  --panel: #161b22; --accent: #6cb6ff; --good: #56d364; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem; color: var(--text); background: var(--back);
  font: 1rem/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 0 2rem; }
header, noscript { grid-column: 1 / -1; }
header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; padding-bottom: 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
header p { margin: .25rem 0 .75rem; color: var(--soft); }
a { color: var(--accent); }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; background: var(--back); padding: .5rem; }
nav { position: sticky; top: 1rem; align-self: start; max-height: 95vh; overflow: auto; font-size: .9rem; }
nav h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; color: var(--soft); margin: 1rem 0 .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li { margin: .15rem 0; overflow-wrap: anywhere; }
nav a { text-decoration: none; color: var(--text); } nav a:hover { text-decoration: underline; }
section { border: 1px solid var(--line); border-radius: .5rem; margin: 0 0 1.5rem; padding: 1rem 1.25rem; }
section h2 { font-size: 1.05rem; margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 3.6em; font-weight: 700; font-family: ui-monospace, monospace; color: var(--accent); }
.method.post, .method.put, .method.patch { color: var(--good); } .method.delete { color: var(--bad); }
section .deprecated { color: var(--bad); font: .8rem system-ui, sans-serif; margin-left: .75rem; }
.about { white-space: pre-line; margin: .5rem 0 1rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .5rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
input, textarea, button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
  border-radius: .35rem; padding: .3rem .5rem; }
input { width: 100%; max-width: 22rem; } textarea { width: 100%; min-height: 7rem; font: .85rem/1.4 ui-monospace, monospace; }
button { background: var(--accent); color: var(--back); border-color: transparent; font-weight: 600; padding: .4rem 1rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: .35rem; padding: .75rem; overflow: auto;
  max-height: 26rem; font: .82rem/1.45 ui-monospace, monospace; margin: .5rem 0; }
details { margin: .75rem 0; } summary { cursor: pointer; font-weight: 600; }
.status { font-weight: 700; } .status.good { color: var(--good); } .status.bad { color: var(--bad); }
.row { display: flex; gap: .75rem; align-items: center; margin: .75rem 0; flex-wrap: wrap; }
@media (max-width: 52rem) { body { display: block; padding: 1rem; } nav { position: static; margin-bottom: 1rem; } }
`;
