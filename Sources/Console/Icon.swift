/// The icons, drawn on a 16-unit square. They differ in shape, not only in colour: an octagon is critical, a triangle a
/// warning, a tick good, a ring a standby, a crossed-out bell silenced, a dashed circle unknown.
enum Icon: String, CaseIterable {
    case critical, warning, good, standby, unknown, pager, mail, slack, person, clock, copy, database, node,
        balancer, backup, probe, note, silenced, archived, cross, arrow, disk, change, service

    /// The SVG content.
    var shape: StaticString {
        switch self {
        case .critical:
            #"<path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z"/><path d="M8 4.6v4M8 11.3v.1"/>"#
        case .warning:
            #"<path d="M8 2 1.6 13.6h12.8z"/><path d="M8 6.4v3.4M8 11.8v.1"/>"#
        case .good:
            #"<circle cx="8" cy="8" r="6.4"/><path d="m5.2 8.2 2 2 3.7-4.2"/>"#
        case .standby:
            #"<circle cx="8" cy="8" r="6.4"/><circle cx="8" cy="8" r="2.1"/>"#
        case .unknown:
            #"<circle cx="8" cy="8" r="6.4" stroke-dasharray="2.2 2.2"/><path d="M6.3 6.3c.2-2.2 3.6-2 3.4.1C9.6 7.7 8 7.6 8 9.2M8 11.3v.1"/>"#
        case .pager:
            #"<path d="M4 11.3h8l-1.2-1.7V7a2.8 2.8 0 0 0-5.6 0v2.6zM6.7 13.5h2.6M8 2.4v1.4"/>"#
        case .mail:
            #"<rect x="1.7" y="3.2" width="12.6" height="9.6" rx="1.5"/><path d="m2 4.2 6 4.6 6-4.6"/>"#
        case .slack:
            #"<path d="M6.3 2 4.9 14M11.1 2 9.7 14M2.5 5.7h11.5M2 10.3h11.5"/>"#
        case .person:
            #"<circle cx="8" cy="5.2" r="2.8"/><path d="M2.7 14c.4-3 2.6-4.4 5.3-4.4s4.9 1.4 5.3 4.4"/>"#
        case .clock:
            #"<circle cx="8" cy="8" r="6.4"/><path d="M8 4.3V8l2.5 1.6"/>"#
        case .copy:
            #"<rect x="5.4" y="5.4" width="8.6" height="8.6" rx="1.5"/><path d="M10.6 5.4V3.5A1.5 1.5 0 0 0 9.1 2H3.5A1.5 1.5 0 0 0 2 3.5v5.6a1.5 1.5 0 0 0 1.5 1.5h1.9"/>"#
        case .database:
            #"<ellipse cx="8" cy="3.8" rx="5.3" ry="2.1"/><path d="M2.7 3.8v8.4c0 1.2 2.4 2.1 5.3 2.1s5.3-.9 5.3-2.1V3.8M2.7 8c0 1.2 2.4 2.1 5.3 2.1s5.3-.9 5.3-2.1"/>"#
        case .node:
            #"<rect x="2.5" y="6.8" width="11" height="7.2" rx="1.5"/><path d="M5 6.8V5a3 3 0 0 1 6 0v1.8M8 9.7v1.6"/>"#
        case .balancer:
            #"<path d="M8 2v5M8 7 3 11.5M8 7l5 4.5M8 7v6"/><circle cx="8" cy="2.2" r=".6"/>"#
        case .backup:
            #"<path d="M2.2 5.2 8 2l5.8 3.2v5.6L8 14l-5.8-3.2z"/><path d="m2.2 5.2 5.8 3 5.8-3M8 8.2V14"/>"#
        case .probe:
            #"<circle cx="7" cy="7" r="4.6"/><path d="m10.5 10.5 3.5 3.5"/>"#
        case .note:
            #"<path d="M3 2.5h10v8l-3.5 3.5H3z"/><path d="M13 10.5H9.5V14M5.5 5.5h5M5.5 8h3"/>"#
        case .silenced:
            #"<path d="M4 11.3h8l-1.2-1.7V7a2.8 2.8 0 0 0-5.6 0v2.6zM2 2l12 12"/>"#
        case .archived:
            #"<path d="M8 1.8v12.4M2.6 4.9l10.8 6.2M13.4 4.9 2.6 11.1M6.3 3 8 4.6 9.7 3M6.3 13 8 11.4l1.7 1.6"/>"#
        case .cross:
            #"<path d="m4 4 8 8M12 4l-8 8"/>"#
        case .arrow:
            #"<path d="M3 8h10M9 4l4 4-4 4"/>"#
        case .disk:
            #"<rect x="2" y="4" width="12" height="8" rx="1.5"/><path d="M11.3 9.8v.1M4.5 9.8h4"/>"#
        case .service:
            #"<circle cx="8" cy="8" r="6.4"/><path d="M1.6 8h12.8M8 1.6c3.6 3.6 3.6 9.2 0 12.8M8 1.6c-3.6 3.6-3.6 9.2 0 12.8"/>"#
        case .change:
            #"<path d="M1.5 8.5h3l1.8-5 3 9 1.9-4h3.3"/>"#
        }
    }
}
