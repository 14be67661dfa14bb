/// The style sheet, in parts. Colours are named by meaning and have a light and a dark variant; no page has its own
/// styles.
enum Style {}

extension Style {
    /// Colours, text, page layout, the band, buttons and cards.
    static let base = #"""
        :root{color-scheme:light dark;--bg:#f3f4f6;--card:#fff;--sunk:#eef0f3;--ink:#14171c;--soft:#545c69;
        --line:#dadee5;--strong:#b9c0cb;--crit:#b3131e;--critbg:#fdeeee;--critline:#efb6b9;--warn:#855000;
        --warnbg:#fdf4e1;--warnline:#e8cf9b;--ok:#11693f;--okbg:#e6f4ec;--okline:#aed7c1;--info:#1d4fb4;
        --infobg:#e9f0fd;--infoline:#b5cbf3;--band:#a3111b;--bandink:#fff;--bandsoft:#ffdcdc;--bandline:#c9515a;
        --f-ok:#3f9f70;--f-stand:#8fc9ab;--f-warn:#d9932a;--f-crit:#c8202d;--f-none:#aab1bd;--f-info:#3d6fd6;--full:#c8202d;
        --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
        @media(prefers-color-scheme:dark){
        :root{--bg:#0d0f13;--card:#15181e;--sunk:#1d2129;--ink:#e7eaf0;--soft:#a3abb9;--line:#2a2f39;--strong:#49515f;--crit:#ff8286;--critbg:#34151a;--critline:#6d2a31;--warn:#eab45c;--warnbg:#2d2413;--warnline:#5b4722;--ok:#66cb98;--okbg:#13271d;--okline:#245239;--info:#94b5ff;--infobg:#16223c;--infoline:#2b4479;--band:#45101a;--bandink:#ffecec;--bandsoft:#ffc4c6;--bandline:#8d3540;--f-ok:#3b9a6b;--f-stand:#2b5f47;--f-warn:#cf8f2e;--f-crit:#e5484d;--f-none:#5b6371;--f-info:#6d97f5;--full:#8f1d27}
        }
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word;-webkit-text-size-adjust:100%}
        a{color:var(--info);text-underline-offset:2px}h1,h2,h3,p,ol,ul,dl,dd,figure{margin:0}
        ol,ul{padding:0;list-style:none}code,pre{font-family:var(--mono);font-size:.9em}svg{display:block}
        .i{width:1em;height:1em;display:inline-block;vertical-align:-.14em;flex:none;fill:none;stroke:currentColor;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}
        .skip{position:absolute;left:-99rem}
        .skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.4rem .8rem;z-index:9}
        .vh,.mon .w{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        :focus-visible{outline:3px solid var(--info);outline-offset:2px;border-radius:4px}
        .top{display:flex;align-items:center;gap:.2rem 1.1rem;padding:0 1.25rem;min-height:48px;background:var(--card);border-bottom:1px solid var(--line);flex-wrap:wrap}
        .logo{display:flex;align-items:center;gap:.5rem;font-weight:700;letter-spacing:-.01em;color:var(--ink);text-decoration:none}
        .logo svg{width:22px;height:22px}.logo rect{fill:currentColor}.logo circle,.logo path{fill:none;stroke:var(--card);stroke-width:2.2;stroke-linecap:round}
        .top nav{display:flex;gap:.1rem;flex-wrap:wrap}
        .top nav a{color:var(--soft);text-decoration:none;padding:.8rem .55rem;font-size:.92rem;border-bottom:2px solid transparent}
        .top nav a:hover{color:var(--ink)}
        .top nav a[aria-current]{color:var(--ink);border-color:var(--ink);font-weight:600}.more{position:relative}
        .more summary{list-style:none;cursor:pointer;padding:.8rem .55rem;font-size:.92rem;color:var(--soft)}
        .more summary::-webkit-details-marker{display:none}.more summary::after{content:" ▾"}
        .more[open] ul{position:absolute;z-index:6;background:var(--card);border:1px solid var(--line);border-radius:9px;padding:.3rem;min-width:9rem;box-shadow:0 6px 20px #0003}
        .more li a{display:block;padding:.35rem .6rem}
        .me{margin-left:auto;display:flex;align-items:center;gap:1rem;font-size:.86rem;color:var(--soft);white-space:nowrap}
        .live{display:inline-flex;gap:.4rem;align-items:center}
        .live::before{content:"";width:8px;height:8px;border-radius:50%;background:var(--f-ok)}
        .n{display:inline-block;min-width:1.25rem;padding:0 .32rem;border-radius:.7rem;background:var(--f-crit);color:#fff;font-size:.76rem;font-weight:700;text-align:center;line-height:1.25rem}
        main{max-width:84rem;margin:0 auto;padding:1rem 1.25rem 2.5rem}
        .band{background:var(--band);color:var(--bandink);border-radius:12px;padding:1.15rem 1.4rem 1.05rem;display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.5rem 2rem;align-items:start}
        .band .eyebrow{display:flex;flex-wrap:wrap;gap:0 .6rem;align-items:center;font-size:.8rem;font-weight:700;letter-spacing:.07em;text-transform:uppercase;color:var(--bandsoft)}
        .band h1{text-wrap:balance;font-size:1.85rem;line-height:1.18;letter-spacing:-.018em;font-weight:700;margin:.25rem 0 .35rem}
        .band .why{font-size:1.04rem;max-width:62ch}.band a{color:inherit}
        .acts{display:flex;flex-direction:column;gap:.5rem;min-width:13rem}
        .btn{display:inline-flex;align-items:center;justify-content:center;gap:.5rem;min-height:42px;padding:.45rem 1rem;border-radius:8px;border:1px solid var(--strong);background:var(--card);color:var(--ink);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
        .btn.main{background:#fff;color:#8d0d17;border-color:#fff;font-size:1.04rem;min-height:48px}
        .band .btn:not(.main){background:transparent;color:var(--bandink);border-color:var(--bandline)}
        .btn.go{background:var(--info);border-color:var(--info);color:#fff}
        .btn.small{min-height:32px;padding:.15rem .7rem;font-size:.86rem;font-weight:500}
        @media(prefers-color-scheme:dark){.btn.go{color:#0b1220}.band .btn.main{background:#ffd7d9;border-color:#ffd7d9;color:#5c0a12}}
        .facts{grid-column:1/-1;display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:.4rem 1.6rem;border-top:1px solid var(--bandline);padding-top:.75rem;margin-top:.45rem}
        .facts dt{font-size:.76rem;font-weight:700;letter-spacing:.06em;text-transform:uppercase;color:var(--bandsoft)}
        .facts dd{font-size:1rem;line-height:1.35}.facts small{color:var(--bandsoft);font-size:.82rem}
        .facts b{font-weight:650}
        .cols{display:grid;grid-template-columns:minmax(0,1.72fr) minmax(0,1fr);gap:1rem;margin-top:1rem;align-items:start}
        .col{display:grid;gap:1rem;min-width:0}
        .card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.2rem;min-width:0}
        .card>h2,.card header h2{font-size:.98rem;font-weight:650;letter-spacing:-.005em}
        .card header{display:flex;align-items:baseline;gap:.3rem .8rem;margin-bottom:.65rem;flex-wrap:wrap}
        .card header p,.quiet{color:var(--soft);font-size:.86rem}.card header .r{margin-left:auto}
        .card>h2{margin-bottom:.65rem}.nb{white-space:nowrap}
        .band.amber{background:var(--warnbg);color:var(--ink);border:1.5px solid var(--warnline)}
        .band.amber .eyebrow,.band.amber dt,.band.amber .facts small{color:var(--warn)}
        .band.amber .facts{border-color:var(--warnline)}
        .band.amber .btn:not(.main){color:var(--ink);border-color:var(--warnline)}
        .band.amber .btn.main{background:var(--ink);color:var(--card);border-color:var(--ink)}
        .band.calm{background:var(--card);color:var(--ink);border:1.5px solid var(--okline)}
        .band.calm .eyebrow{color:var(--ok)}.band.calm dt,.band.calm .facts small{color:var(--soft)}
        .band.calm .facts{border-color:var(--line)}
        .band.calm .btn:not(.main){color:var(--ink);border-color:var(--strong)}.bar{display:none}
        footer{max-width:84rem;margin:0 auto;padding:0 1.25rem 2rem;color:var(--soft);font-size:.82rem}
        kbd{font:600 .76rem var(--mono);border:1px solid var(--strong);border-radius:4px;padding:0 .3rem;background:var(--card)}
        .pm{display:none}.logo .quiet{max-width:9rem}.logo .quiet,.strip>a,.strip>span,.gantt .g>span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.n.calm{background:var(--sunk);color:var(--ink)}.sprite{position:absolute;width:0;height:0}
        main:focus{outline:0}.js{display:none}.has-js .js{display:inline}
        .acts form,.bar form{display:contents}.btn:hover{border-color:var(--soft)}
        .head{display:flex;align-items:baseline;flex-wrap:wrap;gap:.3rem 1rem;margin:.2rem 0 .9rem}.head h1{font-size:1.4rem;letter-spacing:-.01em;font-weight:700}.head p{color:var(--soft)}
        #stale{position:sticky;top:0;z-index:8;background:var(--ink);color:var(--card);padding:.55rem 1.25rem;font-weight:600}
        .stale main{filter:grayscale(1);opacity:.55}.stale .live{visibility:hidden}.new{margin-bottom:.5rem}
        dialog{border:1px solid var(--line);border-radius:12px;background:var(--card);color:var(--ink);padding:1rem 1.4rem}dialog::backdrop{background:#0008}dialog .kv{margin:.7rem 0}

        """#
}
