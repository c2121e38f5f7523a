/** Style sheet of the demo page. */
export const DEMO_STYLE = `
:root { color-scheme: light; --text: #1d2330; --soft: #5a6375; --line: #dfe3ea; --accent: #0b57d0; --warn: #8a4b00; }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem 2rem 3rem; background: #eef1f6; color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1rem; margin: 0 0 .75rem; }
header { max-width: 78rem; margin: 0 auto 1.5rem; } header p { color: var(--soft); margin: .5rem 0 0; }
a { color: var(--accent); } code { font: .82rem ui-monospace, monospace; color: var(--soft); margin-left: .5rem; }
input, button { font: inherit; padding: .3rem .6rem; border: 1px solid #9aa3b2; border-radius: .4rem; background: #fff; color: inherit; }
button { background: var(--accent); border-color: var(--accent); color: #fff; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main { display: grid; grid-template-columns: 22rem minmax(0, 1fr); gap: 2rem; max-width: 78rem; margin: 0 auto; align-items: start; }
.phone { background: #10141c; border-radius: 2.6rem; padding: .9rem; box-shadow: 0 1rem 2.5rem #1d233040; }
.phone .screen { border-radius: 1.9rem; height: 42rem; overflow: auto; scrollbar-width: none; background: #fff; padding: 1.4rem 1.1rem; }
.desktop { background: #fff; border: 1px solid #c9cfda; border-radius: .7rem; box-shadow: 0 1rem 2.5rem #1d233030; overflow: hidden; }
.desktop .bar { background: #e6e9ef; padding: .55rem .8rem; display: flex; gap: .4rem; } .bar i { width: .7rem; height: .7rem; border-radius: 50%; background: #aab2c0; }
.desktop .screen { padding: 1.4rem 1.6rem; min-height: 39rem; display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 0 2rem; align-content: start; }
.desktop .head { grid-column: 1 / -1; display: flex; gap: 1rem; align-items: center; margin-bottom: .5rem; }
.face, .thumb { display: inline-grid; place-items: center; color: #fff; font-weight: 700; flex: none; }
.face { width: 3rem; height: 3rem; border-radius: 50%; } .thumb { width: 2.4rem; height: 2.4rem; border-radius: .5rem; font-size: .8rem; }
h3 { font-size: 1.15rem; margin: 0; } h4 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 1.2rem 0 .4rem; }
ul { list-style: none; margin: 0; padding: 0; } li { border-top: 1px solid var(--line); padding: .55rem 0; }
.row { display: flex; justify-content: space-between; gap: .75rem; } .thumbs { display: flex; gap: .35rem; margin-top: .35rem; flex-wrap: wrap; }
.soft { color: var(--soft); font-size: .88rem; } .badge { border-radius: 1rem; background: #e4ecfb; color: #0a3f9a; font-size: .75rem; padding: .1rem .55rem; font-weight: 600; }
.missing { color: var(--warn); background: #fff4e0; border-radius: .4rem; padding: .5rem .7rem; font-size: .9rem; }
.facts { color: var(--soft); font-size: .85rem; margin: .75rem .25rem; }
@media (max-width: 64rem) { main { grid-template-columns: 1fr; } .phone { max-width: 22rem; } body { padding: 1rem; } .desktop .screen { display: block; } }
`;
