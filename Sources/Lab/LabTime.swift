import Platform
import Samples

/// The wall clock, for `Date` headers only; the simulation gets its time passed in.
enum SystemWall {
    static func now() -> Timestamp { SystemTime().wall() }
}
