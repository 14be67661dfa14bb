import Alerts
import Dispatching
import HTTPServer
import Samples
import Text
import Web

/// Silence pages and forms.
extension Console {
    var silences: [PageRoute] {
        [
            PageRoute("/silences") { [self] request in
                await page(request) { snapshot, context in SilencesPage(snapshot: snapshot).render(context) }
            },
            PageRoute("/silences/new") { [self] request in
                await newSilence(request, SilenceDraft(request.field), nil)
            },
            PageRoute("/silences/new", form: { [self] request, caller in await make(request, caller) }),
            PageRoute("/silences/:id") { [self] request in await silence(request) },
            PageRoute("/silences/:id/expire", form: { [self] request, caller in await expire(request, caller) }),
        ]
    }

    private func silence(_ request: PageRequest) async -> ServerResponse {
        let id = request.parameters["id"] ?? ""
        do throws(QueryError) {
            var snapshot = try await sources.snapshot()
            // The snapshot may predate a silence that was just created.
            snapshot.silences = await sources.silences()
            guard let silence = snapshot.silences.first(where: { $0.id == id }) else {
                return await page(request, status: 404) { _, context in
                    NotFoundPage(path: request.path).render(context)
                }
            }
            let context = context(request, snapshot)
            return try await sources.compute(.page) { [snapshot] _ in
                Console.answer(SilencePage(snapshot: snapshot, silence: silence).render(context), request)
            }
        } catch {
            return Console.failure(error)
        }
    }

    /// The form with its preview.
    private func newSilence(
        _ request: PageRequest, _ draft: SilenceDraft, _ problem: SilenceDraft.Problem?
    ) async -> ServerResponse {
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            // Without the history the preview covers only the current moment.
            let entries = try? await sources.history(SilencePreview.query(at: snapshot.now))
            let context = context(request, snapshot)
            return try await sources.compute(.page) { [sources] isOver in
                var problem = problem
                var preview: SilencePreview?
                do throws(SilenceDraft.Problem) {
                    let matchers = try draft.parsed()
                    if !matchers.isEmpty {
                        let made = SilencePreview([matchers], snapshot.alerts, entries?() ?? [])
                        preview = made
                        if let unknown = Console.unknown(made.unknownLabels, snapshot, sources, isOver) {
                            problem = problem ?? unknown
                        }
                    }
                } catch {
                    problem = problem ?? error
                }
                let page = NewSilencePage(draft: draft, preview: preview, problem: problem)
                return Console.answer(page.render(context), request, status: problem == nil ? 200 : 400)
            }
        } catch {
            return Console.failure(error)
        }
    }

    /// A label that no alert, no rule and no series has is a mistake: the silence would never match.
    private static func unknown(
        _ names: [String], _ snapshot: EstateSnapshot, _ sources: WebSources, _ isOver: @escaping @Sendable () -> Bool
    ) -> SilenceDraft.Problem? {
        guard !names.isEmpty else { return nil }
        let known = KnownLabels(snapshot, external: sources.externalLabels())
        return known.problem(names) { name in
            guard let matcher = try? Silence.matcher(name, .notEqual, "") else { return false }
            let (start, end) = (snapshot.now - SilencePreview.span, snapshot.now)
            // If the series can't be searched, the label counts as known.
            return (try? sources.series([[matcher]], start, end, isOver).isEmpty == false) ?? true
        }
    }

    private func make(_ request: PageRequest, _ caller: Caller) async -> ServerResponse {
        let draft = SilenceDraft(request.field)
        let preview = await newSilence(request, draft, nil)
        guard request.field("do") != "preview", preview.status != 400 else { return preview }
        let silence: Silence
        do throws(SilenceDraft.Problem) {
            silence = try draft.silence(by: caller.name, clock(request), sources.namedZone)
        } catch {
            return await newSilence(request, draft, error)
        }
        do throws(SilenceError) {
            let id = try await sources.setSilence(silence, caller)
            return Console.seeOther(request, Address("silences", id))
        } catch {
            return await newSilence(request, draft, .init(field: .all, message: error.description))
        }
    }

    private func expire(_ request: PageRequest, _ caller: Caller) async -> ServerResponse {
        let id = request.parameters["id"] ?? ""
        do throws(SilenceError) {
            try await sources.expireSilence(id, caller)
        } catch {
            switch error {
            case .notFound:
                return await page(request, status: 404) { _, context in
                    NotFoundPage(path: request.path).render(context)
                }
            // Already expired by another request: the silence's page shows that.
            case .alreadyExpired: break
            default: return .text("\(error)\n", status: 503)
            }
        }
        return Console.seeOther(request, Address("silences", id))
    }
}
