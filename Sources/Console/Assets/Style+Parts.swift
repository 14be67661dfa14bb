extension Style {
    /// Steps, commands, lists, chips, trees, tables, timelines, forms.
    static let parts = #"""
        .steps{counter-reset:s;display:grid;gap:.85rem}
        .steps>li{counter-increment:s;display:grid;grid-template-columns:1.9rem minmax(0,1fr);column-gap:.75rem}
        .steps>li::before{content:counter(s);width:1.75rem;height:1.75rem;border-radius:50%;border:1.5px solid var(--strong);display:grid;place-items:center;font-weight:700;font-size:.86rem;color:var(--soft)}
        .steps>li.now::before{background:var(--ink);color:var(--card);border-color:var(--ink)}
        .steps>li.done::before{content:"✓";background:var(--okbg);color:var(--ok);border-color:var(--okline)}
        .steps h3{font-size:1rem;font-weight:650;line-height:1.4}.steps p{color:var(--soft);font-size:.92rem}
        .steps p b,.fact{color:var(--ink);font-weight:650}
        .cmd{display:flex;align-items:center;gap:.6rem;background:var(--sunk);border-radius:7px;padding:.42rem .5rem .42rem .75rem;margin-top:.35rem}
        .cmd code{flex:1;min-width:0;overflow-wrap:anywhere;user-select:all;font-size:.86rem}.cmd button{flex:none}
        .told li{display:grid;grid-template-columns:1.35rem minmax(0,1fr) auto;gap:.1rem .6rem;padding:.5rem 0;border-top:1px solid var(--line);align-items:baseline}
        .told li:first-child{border-top:0;padding-top:0}.told .i{align-self:center}
        .told .d{grid-column:2/-1;color:var(--soft);font-size:.86rem}.told time{color:var(--soft);font-size:.86rem}
        .chip{display:inline-flex;align-items:center;gap:.32rem;padding:.05rem .5rem;border-radius:6px;font-size:.8rem;font-weight:650;border:1px solid var(--line);color:var(--soft);background:var(--sunk);white-space:nowrap;line-height:1.5}
        .chip.crit,.t-crit{color:var(--crit)}.chip.crit{background:var(--critbg);border-color:var(--critline)}
        .chip.warn,.t-warn{color:var(--warn)}.chip.warn{background:var(--warnbg);border-color:var(--warnline)}
        .chip.ok,.t-ok{color:var(--ok)}.chip.ok{background:var(--okbg);border-color:var(--okline)}
        .chip.info{color:var(--info)}.chip.info{background:var(--infobg);border-color:var(--infoline)}
        .tree,.tree ul{display:grid;gap:.3rem}
        .tree ul{margin-left:.55rem;padding-left:1.1rem;border-left:1.5px solid var(--strong);margin-top:.3rem}
        .tree li>div{display:grid;grid-template-columns:1.2rem minmax(0,1fr) auto;gap:.5rem;align-items:baseline}
        .tree ul>li{position:relative}
        .tree ul>li::before{content:"";position:absolute;left:-1.1rem;top:.76rem;width:.75rem;border-top:1.5px solid var(--strong)}
        .tree small{color:var(--soft);font-size:.82rem}.tree .root{font-weight:650}
        .tree time{color:var(--soft);font-size:.82rem}
        .key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.82rem;color:var(--soft);margin-top:.6rem}
        .key svg{width:22px;height:14px;display:inline-block;vertical-align:-2px;margin-right:.3rem}
        .rows>li{padding:.55rem 0;border-top:1px solid var(--line)}.rows>li:first-child{border-top:0;padding-top:0}
        .rows>li:last-child{padding-bottom:0}.rows h3{font-size:.95rem;font-weight:650;line-height:1.4}
        table{border-collapse:collapse;width:100%;font-size:.9rem}
        th{font-weight:600;text-align:left;color:var(--soft);font-size:.82rem}
        td,th{padding:.34rem .7rem .34rem 0;border-top:1px solid var(--line);vertical-align:top}
        thead th{border-top:0;padding-top:0}td.num,th.num{text-align:right}.scroll{overflow-x:auto}
        .crumb{font-size:.86rem;color:var(--soft);margin-bottom:.5rem}.crumb a{color:inherit}
        .tl{position:relative;overflow:hidden}
        .tl li{display:grid;grid-template-columns:5.4rem 5.5rem 1.5rem minmax(0,1fr);gap:.7rem;padding:.38rem 0;align-items:start}
        .tl .tm{display:contents}.tl time{font-family:var(--mono);font-size:.82rem;line-height:1.7;white-space:nowrap}
        .tl .off{color:var(--soft);font-size:.82rem;text-align:right;line-height:1.75;white-space:nowrap}
        .tl .ic{width:1.5rem;height:1.5rem;border-radius:50%;display:grid;place-items:center;background:var(--sunk);color:var(--soft);position:relative;font-size:.86rem}
        .tl li:not(:last-child) .ic::after{content:"";position:absolute;top:1.5rem;left:50%;width:1.5px;height:4rem;margin-left:-.75px;background:var(--line);z-index:0}
        .tl .ic .i{position:relative;z-index:1}.tl p{line-height:1.45}.tl small{color:var(--soft);font-size:.86rem}
        .tl .ic.crit{background:var(--critbg);color:var(--crit)}.tl .ic.ok{background:var(--okbg);color:var(--ok)}
        .tl .ic.info{background:var(--infobg);color:var(--info)}.tl .ic.warn{background:var(--warnbg);color:var(--warn)}
        .tl li.big{background:var(--critbg);border-radius:8px;margin:.15rem -.6rem;padding:.38rem .6rem}
        .tl .note{background:var(--sunk);border-radius:8px;padding:.35rem .65rem;margin-top:.2rem}
        .gantt{display:grid;gap:.26rem}
        .gantt .g{display:grid;grid-template-columns:14.6rem minmax(0,1fr);gap:.8rem;align-items:center;font-size:.86rem}
        .gantt svg{width:100%;height:18px}
        .gantt .lv1{padding-left:.9rem}.gantt .lv2{padding-left:1.8rem}.gantt .lv3{padding-left:2.7rem}
        .chips{display:flex;gap:.35rem;flex-wrap:wrap}
        .chips a{font-size:.86rem;text-decoration:none;color:var(--soft);border:1px solid var(--line);border-radius:7px;padding:.12rem .6rem}
        .chips a[aria-current]{background:var(--ink);color:var(--card);border-color:var(--ink)}
        .kv{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.28rem 1rem;font-size:.92rem}
        .kv dt{color:var(--soft)}.kv dd{overflow-wrap:anywhere}.field{display:grid;gap:.25rem;margin-bottom:.9rem}
        .field>label,.field legend{font-weight:650;font-size:.92rem;padding:0}
        .field input[type=text],.field input[type=search],.field input[type=datetime-local],.field select,.field textarea{font:inherit;font-family:var(--mono);font-size:.92rem;padding:.5rem .65rem;border:1.5px solid var(--strong);border-radius:8px;background:var(--card);color:var(--ink);width:100%;min-height:42px}
        .field .bad{border-color:var(--f-crit)}fieldset{border:0;margin:0;padding:0}
        .opts{display:flex;gap:.4rem;flex-wrap:wrap;margin-top:.25rem}
        .opts label{font-weight:500;border:1.5px solid var(--strong);border-radius:8px;padding:.35rem .75rem;display:flex;gap:.4rem;align-items:center}
        .opts label:has(:checked){border-color:var(--info);background:var(--infobg)}
        .filter{display:flex;flex-wrap:wrap;gap:.5rem .8rem;align-items:end;margin-bottom:.9rem}.filter .field{margin:0}
        .say{background:var(--infobg);border:1px solid var(--infoline);border-radius:8px;padding:.5rem .8rem;margin-bottom:.8rem}.say.warn{background:var(--warnbg);border-color:var(--warnline)}.say.bad{background:var(--critbg);border-color:var(--critline)}
        .wrap{overflow-wrap:anywhere}
        .md h2{font-size:1.05rem;margin:1.1rem 0 .4rem}.md h2:first-child{margin-top:0}.md h3{font-size:.98rem}
        .md p,.md ul,.md ol{margin:.4rem 0}.md ul{list-style:disc}.md ol{list-style:decimal}.md ul,.md ol{padding-left:1.5rem}
        .md li{margin:.25rem 0}.md blockquote{margin:.5rem 0;padding-left:.9rem;border-left:3px solid var(--line)}
        .md code{background:var(--sunk);border-radius:4px;padding:0 .2rem;overflow-wrap:anywhere}
        mark{background:var(--critbg);color:var(--crit);outline:2px solid var(--f-crit)}pre{margin:0;overflow-x:auto}
        .under,main>.card+.card,#maps>.card+.card{margin-top:1rem}#maps{margin-bottom:1rem}.pre{white-space:pre-wrap;overflow-wrap:anywhere}table.wide{min-width:44rem}
        .t-none{color:var(--soft)}.chip.none{border-style:dashed}

        """#
}
