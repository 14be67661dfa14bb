/// CSS classes of colours.
extension HTML {
    /// Appends `crit` and the like, as part of a class name.
    mutating func grade(_ gravity: Gravity) {
        switch gravity {
        case .critical: markup("crit")
        case .warning: markup("warn")
        case .good, .standby: markup("ok")
        case .unknown: markup("none")
        }
    }

    /// Appends `s-crit` and the like, the class of a filled element.
    mutating func fill(_ gravity: Gravity) {
        switch gravity {
        case .critical: markup("s-crit")
        case .warning: markup("s-warn")
        case .good: markup("s-ok")
        case .standby: markup("s-stand")
        case .unknown: markup("s-none")
        }
    }

    /// Appends an icon in the colour of its meaning.
    mutating func mark(_ gravity: Gravity) {
        markup("<span class=t-")
        grade(gravity)
        markup(">")
        icon(gravity.icon)
        markup("</span>")
    }

    /// Appends a short word as a badge with its icon: `⚠ medium`.
    mutating func chip(_ gravity: Gravity, _ word: String, icon: Icon? = nil) {
        markup("<span class=\"chip ")
        grade(gravity)
        markup("\">")
        self.icon(icon ?? gravity.icon, word, limit: 200)
        markup("</span>")
    }
}
