import Web

extension Console {
    var overview: [PageRoute] {
        [
            PageRoute("/") { [self] request in
                await page(request) { snapshot, context in StatusPage(status: snapshot.status).render(context) }
            }
        ]
    }

    var incidents: [PageRoute] { [] }
    var estate: [PageRoute] { [] }

    var runbooks: [PageRoute] {
        [
            PageRoute("/runbooks") { [self] request in
                await page(request) { snapshot, context in RunbookPage(groups: snapshot.rules).render(context) }
            }
        ]
    }
}
