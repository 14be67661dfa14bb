extension Script {
    /// Keyboard shortcuts: moving among links, actions, going to pages. Inactive in form fields, and when the user has
    /// switched them off.
    static let keys = #"""
        const pages={o:"/",i:"/incidents",e:"/estate",b:"/backups",s:"/silences",h:"/history",r:"/runbooks",q:"/query"},
        help=[["j, k","next, previous"],["Enter","open"],["a","acknowledge"],["s","silence"],["n","write a note"],
        ["c","copy the first command"],["/","search"],["t","switch between local time and UTC"],
        ["g, then o i e b s h r q","go to overview, incidents, estate, backups, silences, history, runbooks, query"]];
        let going=0;
        const isOff=()=>localStorage.getItem("keys")==="off";
        const explain=()=>{one("dialog")?.remove();
        const list=make("dl",{className:"kv"},...help.flatMap(([k,t])=>[make("dt",{},make("kbd",{},k)),make("dd",{},t)])),
        box=make("input",{type:"checkbox",checked:!isOff(),onchange:()=>localStorage.setItem("keys",box.checked?"on":"off")}),
        sheet=make("dialog",{ariaLabel:"Keys"},make("h2",{},"Keys"),list,make("label",{},box," keys are on"),
        make("p",{},make("button",{className:"btn small",type:"button",onclick:()=>sheet.close()},"Close")));
        document.body.append(sheet);sheet.showModal()};
        const move=by=>{const links=all("main h3 a,main tbody tr>:first-child a,main .box,main .strip>a,main .tree a"),
        at=links.indexOf(document.activeElement);links[at<0?(by>0?0:links.length-1):Math.min(Math.max(at+by,0),links.length-1)]?.focus()};
        const press=k=>{const e=all("[data-key="+k+"]").find(e=>e.checkVisibility?.()??true);if(e)e.matches("textarea")?e.focus():e.click()};
        document.addEventListener("keydown",e=>{
        if(e.ctrlKey||e.metaKey||e.altKey||e.target.closest(field+",dialog"))return;
        if(e.key==="?")return explain();
        if(isOff())return;
        if(Date.now()-going<1500&&pages[e.key]){going=0;location.href=data.prefix+pages[e.key];return}
        going=e.key==="g"?Date.now():0;
        const act={j:()=>move(1),k:()=>move(-1),c:()=>one(".cmd button")?.click(),"/":()=>one("input[type=search]")?.focus(),
        a:()=>press("a"),s:()=>press("s"),n:()=>press("n"),t:()=>press("t")}[e.key];
        if(act){e.preventDefault();act()}});
        })();
        """#
}
