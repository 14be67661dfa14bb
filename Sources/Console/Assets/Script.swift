/// The script, in parts. Every page works without it; it refreshes the page, copies commands and handles keyboard
/// shortcuts.
enum Script {
    /// Updates durations, reloads the page when the agent signals a change, and replaces the parts that differ. Parts
    /// in which the user is typing or selecting are left alone until the user requests the update.
    static let live = #"""
        "use strict";(()=>{
        const root=document.documentElement,data=root.dataset,
        one=(s,r=document)=>r.querySelector(s),all=(s,r=document)=>[...r.querySelectorAll(s)],
        make=(tag,set={},...inner)=>{const e=Object.assign(document.createElement(tag),set);e.append(...inner);return e};
        root.classList.add("has-js");
        const old={"#/alerts":"incidents","#/silences":"silences","#/status":"agent","#/settings":"agent"};
        for(const k in old)if(location.hash.startsWith(k))location.replace(data.prefix+"/"+old[k]);
        const identity={createHTML:t=>t},policy=window.trustedTypes?trustedTypes.createPolicy("vaultwatch",identity):identity;
        let skew=Date.now()-data.now,last=Date.now(),shown=data.now,source=null,busy=false,again=false,revision=data.revision;

        const words=s=>{s=Math.max(0,Math.floor(s));
        const m=Math.floor(s/60)%60,h=Math.floor(s/3600)%24,d=Math.floor(s/86400),two=(a,u,b,v)=>a+" "+u+(b?" "+b+" "+v:"");
        return d>9?d+" d":d?two(d,"d",h,"h"):h?two(h,"h",m,"min"):s>59?two(m,"min",s%60,"s"):s+" s"};
        const put=(e,t)=>{if(e.textContent!==t)e.textContent=t};
        const tick=r=>{const now=Date.now()-skew,clock=o=>new Date(now+o*1e3).toISOString().slice(11,19);
        for(const e of all("[data-since]",r))put(e,words((now-e.dataset.since)/1e3));
        for(const e of all("[data-until]",r))put(e,words((e.dataset.until-now)/1e3));
        for(const e of all("[data-clock]",r)){put(e,clock(e.dataset.clock==="utc"?0:data.offset));e.removeAttribute("datetime")}};

        const dress=r=>{for(const c of all(".cmd",r))if(!one("button",c))
        c.append(make("button",{className:"btn small",type:"button"},"Copy",make("span",{className:"vh"}," command")))};
        const field="input,textarea,select",reach="a,button,summary,"+field;
        const isHeld=e=>{const s=getSelection(),a=document.activeElement;
        return e.contains(a)&&a.matches(field)||!s.isCollapsed&&e.contains(s.anchorNode)
        ||all("input,textarea",e).some(f=>f.type!=="hidden"&&(f.value!==f.defaultValue||f.checked!==f.defaultChecked))};
        const swap=(mine,next)=>{const at=all(reach,mine).indexOf(document.activeElement);
        mine.replaceWith(next);if(at>=0)all(reach,next)[at]?.focus({preventScroll:true})};
        const renew=(mine,next)=>{
        all("details",next).forEach((d,i)=>{const was=all("details",mine)[i];if(was)d.open=was.open});
        one(":scope>.new",mine)?.remove();
        if(mine.outerHTML===next.outerHTML)return;
        next=document.adoptNode(next);
        if(!isHeld(mine))return swap(mine,next);
        mine.prepend(make("button",{className:"btn small new",type:"button",onclick:()=>swap(mine,next)},"new: show"))};
        const apply=doc=>{
        skew=Date.now()-doc.documentElement.dataset.now;shown=doc.documentElement.dataset.now;
        revision=doc.documentElement.dataset.revision;
        dress(doc);tick(doc);tick(document);document.title=doc.title;
        const icon=one("link[rel=icon]"),next=one("link[rel=icon]",doc);
        if(next&&icon.getAttribute("href")!==next.getAttribute("href"))icon.setAttribute("href",next.getAttribute("href"));
        const main=one("main"),ids=r=>all("main [data-part]",r).map(e=>e.id).join();
        if(ids(document)!==ids(doc)&&!isHeld(main)){const m=one("main",doc);m&&swap(main,document.adoptNode(m))}
        for(const part of all("[data-part]",doc)){const mine=document.getElementById(part.id);mine&&renew(mine,part)}};

        const contact=()=>{last=Date.now();one("#stale").hidden=true;root.classList.remove("stale")};
        const load=async()=>{if(busy){again=true;return}busy=true;
        try{const answer=await fetch(location.href,{cache:"no-store",signal:AbortSignal.timeout(8e3)});
        if(answer.status<500){const text=await answer.text();contact();
        if(answer.ok)apply(new DOMParser().parseFromString(policy.createHTML(text),"text/html"))}}catch{}
        busy=false;if(again){again=false;load()}};
        const listen=()=>{if(document.hidden||source&&source.readyState<2)return;
        source=new EventSource(data.prefix+"/events");
        source.onmessage=e=>{contact();if(e.lastEventId!==revision)load()};
        source.addEventListener("beat",contact)};
        const stale=()=>{const bar=one("#stale");
        if(bar.hidden){bar.replaceChildren("No contact; this is how it stood at ",
        new Date(+shown+data.offset*1e3).toISOString().slice(11,19)+" ",make("span",{ariaHidden:"true"}));bar.hidden=false;
        root.classList.add("stale")}
        put(bar.lastChild,"("+words((Date.now()-last)/1e3)+" ago)")};
        dress(document);
        if("live" in data){
        listen();
        setInterval(()=>{if(document.hidden)return;Date.now()-last>9e3?stale():tick(document)},1e3);
        setInterval(()=>{if(!document.hidden&&source?.readyState!==1)load()},5e3);
        setInterval(()=>{if(!document.hidden)load();if(source?.readyState===2)listen()},15e3);
        document.addEventListener("visibilitychange",()=>{if(document.hidden){source?.close();source=null}else{load();listen()}});
        }

        const copy=async(text,button,code)=>{
        try{await navigator.clipboard.writeText(text)}catch{
        const area=make("textarea",{value:text});document.body.append(area);area.select();document.execCommand("copy");area.remove();
        if(code){const range=document.createRange();range.selectNodeContents(code);getSelection().removeAllRanges();getSelection().addRange(range)}}
        const was=[...button.childNodes];button.replaceChildren("Copied");setTimeout(()=>button.replaceChildren(...was),1500)};
        document.addEventListener("click",async e=>{
        const button=e.target.closest(".cmd button"),link=e.target.closest("[data-copy]"),more=one(".more[open]");
        if(more&&!more.contains(e.target))more.open=false;
        if(button){const code=one("code",button.parentNode);copy(code.textContent,button,code)}
        if(link&&!e.ctrlKey&&!e.metaKey){e.preventDefault();copy(await(await fetch(link.href)).text(),link)}});

        """#
}
