extension Style {
    /// The estate map, strips, graphs and the calendar.
    static let drawings = #"""
        .map{display:grid;gap:0;padding-left:5.6rem}
        .map .row{position:relative;display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.75rem}
        .map .one>.box{grid-column:2}
        .box{border:1.5px solid var(--line);border-radius:9px;padding:.5rem .7rem;background:var(--card);min-width:0;text-decoration:none;color:inherit;display:block}
        .box:hover{border-color:var(--strong)}
        .box .nm{display:flex;gap:.4rem;align-items:center;font-weight:650;overflow-wrap:anywhere}
        .box .st{font-size:.86rem;font-weight:600}.box .dt{font-size:.82rem;color:var(--soft);line-height:1.35;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere}
        .box.crit{border-color:var(--f-crit);background:var(--critbg)}
        .box.warn{border-color:var(--f-warn);background:var(--warnbg)}.box.ok{border-color:var(--okline)}
        .links line,.links path,.grid,.mark,.ln,.lo,.thr{vector-effect:non-scaling-stroke}
        .links{width:100%;height:30px;overflow:visible}
        .links line,.links path{stroke:var(--f-ok);stroke-width:2;fill:none}
        .links .bad{stroke:var(--f-crit);stroke-dasharray:5 4}.links .idle{stroke:var(--strong);stroke-dasharray:2 4}
        .lane{font-size:.76rem;font-weight:700;letter-spacing:.05em;text-transform:uppercase;color:var(--soft);position:absolute;left:-5.6rem;top:.55rem;width:5.2rem;line-height:1.35}
        .lane small{display:block;font-weight:500;text-transform:none;letter-spacing:0;font-size:.76rem}
        .zoom{fill:var(--sunk)}.strips{display:grid;gap:.42rem}
        .strip{display:grid;grid-template-columns:8.4rem minmax(0,1fr) 9.6rem;gap:.8rem;align-items:center}
        .strip>a{color:inherit;text-decoration:none;font-weight:600;font-size:.9rem}
        .strip>span{font-size:.86rem}
        .strip svg{width:100%;height:20px}.s-ok{fill:var(--f-ok)}.s-stand{fill:var(--f-stand)}
        .s-warn{fill:var(--f-warn)}.s-crit{fill:var(--f-crit)}.s-none{fill:var(--f-none)}
        .grid{stroke:var(--line);stroke-width:1}
        .mark{stroke:var(--f-crit);stroke-width:1.5;stroke-dasharray:3 3}
        .mark.info{stroke:var(--f-info)}
        .ln{fill:none;stroke:var(--f-info);stroke-width:1.6}
        .ln.crit{stroke:var(--f-crit)}.ar{fill:var(--f-info);opacity:.14}.ar.crit{fill:var(--f-crit)}
        .thr{stroke:var(--f-crit);stroke-width:1;stroke-dasharray:4 4}
        .axis{display:grid;grid-template-columns:8.4rem minmax(0,1fr) 9.6rem;gap:.8rem;font-size:.76rem;color:var(--soft)}
        .axis div{display:flex;justify-content:space-between}.lr,.two{display:flex;justify-content:space-between}
        .axis .two{grid-template-columns:22.3% 22.3% 22.6% 1fr auto}
        .cal{display:grid;grid-template-columns:repeat(7,minmax(0,1fr));gap:.4rem}
        .cal .dow{font-size:.76rem;font-weight:650;color:var(--soft);text-align:center}
        .day{display:block;border-radius:9px;border:1.5px solid var(--line);min-height:4.4rem;padding:.35rem .5rem;text-decoration:none;color:inherit;position:relative;background:var(--card)}
        .day .num{font-size:.82rem;font-weight:650;display:flex;justify-content:space-between;align-items:center}
        .day .w{font-size:.76rem;font-weight:600;margin-top:.15rem}.day .sz{font-size:.76rem;color:var(--soft)}
        .day.verified{background:var(--okbg);border-color:var(--okline)}.day.verified .w{color:var(--ok)}
        .day.present{border-color:var(--okline)}.day.present .w{color:var(--ok)}
        .day.missing{border:1.5px dashed var(--f-crit)}.day.missing .w{color:var(--crit)}
        .day.corrupt{background:var(--full);border-color:var(--f-crit);color:#fff}
        .day.corrupt .sz,.day.corrupt .w{color:#fff}.day.archived{background:var(--sunk);border-color:var(--strong)}
        .day.archived .w{color:var(--soft)}.day.out{border-color:transparent;background:transparent;color:var(--soft)}
        .day[aria-current]{outline:3px solid var(--info);outline-offset:2px}
        .day.due{border-style:dotted;border-color:var(--strong)}.day.due .w{color:var(--soft)}
        .mon{display:grid;grid-template-columns:repeat(12,minmax(0,1fr));gap:.4rem}
        .mon .day{min-height:3.1rem}.mon .day .num{flex-direction:column;align-items:center;gap:.15rem}
        .mon .day .i{font-size:1.05rem}
        .graph{width:100%;height:240px;background:var(--sunk);border-radius:6px}.sizes{width:100%;height:92px}
        .g0{stroke:#3d6fd6}.g1{stroke:#d9662b}.g2{stroke:#3b9a6b}.g3{stroke:#b64bc4}.g4{stroke:#c79a1b}.g5{stroke:#2aa1b3}.g6{stroke:#d64a7b}.g7{stroke:#7d8798}
        .box.none{border-style:dashed;border-color:var(--strong)}.gap{height:14px}
        .lo{fill:none;stroke:var(--f-info);stroke-width:1;opacity:.45}.lo.crit{stroke:var(--f-crit)}
        .spark{width:150px;height:32px}.rows .spark{width:100%;height:46px}td.sp{width:150px}

        """#
}
