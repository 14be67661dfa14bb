extension Style {
    /// Narrow screens, motion, print.
    static let phone = #"""
        @media(max-width:62rem){.cols{grid-template-columns:minmax(0,1fr)}.ahead{reading-flow:grid-order}.ahead>:last-child{order:-1}.facts{grid-template-columns:repeat(2,minmax(0,1fr))}}
        @media(max-width:44rem){
        body{font-size:16px}main{padding:.6rem .75rem 6rem}.top{padding:.5rem .75rem 0;gap:.2rem .8rem}
        .top nav{order:3;width:100%;justify-content:space-between}.top nav>a,.more summary{padding:.5rem .3rem .6rem}
        .p2{display:none}.pm{display:block}.more[open] ul{right:0}.me .who,.me .utc{display:none}.me{gap:.7rem}
        .band{grid-template-columns:minmax(0,1fr);padding:.9rem 1rem;border-radius:10px}.band h1{font-size:1.5rem}
        .band .acts{display:none}.facts{grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:.6rem 1rem}
        .cols,.col{gap:.7rem}.cols{margin-top:.7rem}.card{padding:.85rem .9rem;border-radius:10px}.map{padding-left:0}
        .lane{position:static;grid-column:1/-1;width:auto}.lane small{display:inline;margin-left:.3rem}
        .map .row{gap:.25rem .4rem}.links{height:16px}
        .map .one>.box{grid-column:1/-1}.box{padding:.4rem .45rem}.box .nm{font-size:.92rem;gap:.3rem}
        .box .st{font-size:.82rem;line-height:1.25}.box .dt{display:none}
        .strip{grid-template-columns:5.6rem minmax(0,1fr);gap:.1rem .6rem}
        .strip>span{grid-column:2;font-size:.8rem;color:var(--soft)}.axis{grid-template-columns:5.6rem minmax(0,1fr)}
        .axis .two{grid-template-columns:1fr auto}.axis .two>*{display:none}
        .axis .two>:first-child,.axis .two>:nth-child(4){display:block}.axis>:last-child{display:none}
        .tl li{grid-template-columns:1.5rem minmax(0,1fr);gap:.1rem .6rem}.tl .ic{grid-row:1/3}
        .tl .tm{grid-column:2;display:flex;gap:.6rem}.tl .off{text-align:left}
        .gantt .g{grid-template-columns:8.2rem minmax(0,1fr);font-size:.8rem}.gantt .lv1{padding-left:.4rem}
        .gantt .lv2{padding-left:.8rem}.gantt .lv3{padding-left:1.2rem}.cal{gap:.25rem}
        .day{min-height:3.5rem;padding:.25rem .3rem}.day .sz,.cal .day br,.mon .day br{display:none}
        .cal .day .w{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .cal .day{min-height:3rem}.cal .day .num{flex-direction:column;gap:.1rem;align-items:center;line-height:1.25}
        .cal .day .i{font-size:1.05rem}.mon{grid-template-columns:repeat(6,minmax(0,1fr))}
        .bar{display:flex;gap:.5rem;position:fixed;inset:auto 0 0;padding:.6rem .75rem calc(.6rem + env(safe-area-inset-bottom));background:var(--card);border-top:1px solid var(--line);z-index:5}
        .bar .btn{flex:1 1 0;min-width:0;min-height:48px;padding:.4rem .5rem}.bar .go{flex:1.55 1 0}
        .bar .btn{font-size:.95rem;gap:.35rem}.facts small{display:none}
        .amber .facts small,.calm .facts small,.keep .facts small{display:inline}footer{padding-bottom:6rem}
        }
        @media(prefers-reduced-motion:no-preference){.live::before{animation:p 2s ease-in-out infinite}@keyframes p{50%{opacity:.35}}}
        @media print{.top,.bar,.acts{display:none}.card{break-inside:avoid}}

        """#
}
